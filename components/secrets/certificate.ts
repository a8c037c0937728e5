import { createPrivateKey } from "node:crypto";
import { isPair } from "../../runtime/pem.ts";
import { readChain } from "../../runtime/tls.ts";
import type { ExternalContext } from "./external.ts";

/** RFC 5280, 4.2.1.12: a certificate that says what it is for is a server's only if it says so. */
const serverAuthentication = "1.3.6.1.5.5.7.3.1";

/** Whether a valid private key is another one than that of the certificate. A certificate that can't be read has its own problem. */
export function isOther(privateKey: string, certificate: string | undefined): boolean {
  const own = certificate === undefined ? undefined : readChain(certificate)?.[0];
  return own !== undefined && !isPair(createPrivateKey(privateKey), own.publicKey);
}

/**
 * Why clients would refuse a certificate that is well-formed: it is not valid now, it is for other hosts, or no server's. Whether its
 * authority is one that clients know is theirs to say.
 */
export function certificateProblems(pem: string, { host, now }: ExternalContext): readonly string[] {
  const chain = readChain(pem) ?? [];
  const [own] = chain;
  if (own === undefined) return [];
  const expired = chain.filter(({ validToDate }) => validToDate <= now);
  const early = chain.filter(({ validFromDate }) => validFromDate > now);
  const last = (dates: readonly Date[]): string => new Date(Math.min(...dates.map(Number))).toISOString();
  // Node calls the extended key usage so.
  const uses = own.keyUsage as readonly string[] | undefined;
  return [
    ...(expired.length === 0 ? [] : [`or its chain expired on ${last(expired.map((one) => one.validToDate))}`]),
    ...(early.length === 0 ? [] : ["or its chain is not valid yet"]),
    ...(host === undefined || own.checkHost(host, { subject: "never" }) !== undefined
      ? []
      : [`does not cover ${host} (cluster.domain)`]),
    ...(uses === undefined || uses.includes(serverAuthentication) ? [] : ["is not for a server"]),
  ];
}
