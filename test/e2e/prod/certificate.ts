/** The gateway's certificate in the tests of `prod`: issued by an authority of the test, which this process then knows. */
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect, getCACertificates, setDefaultCACertificates, type SecureVersion } from "node:tls";
import { createAuthority, type Certified } from "../../fakes/certificates.ts";
import { cluster, type CloudProject } from "./cloud.ts";

/** Supplies the stack with certificates, one a generation. */
export interface Certifier {
  /** Issues one for the host and the ingress' address, and puts it into the stack's encrypted config. */
  supply(cloud: CloudProject, generation: number): Promise<Certified>;
  /** Fingerprint of the certificate that a new connection to the host is shown, which must be one of the authority's. */
  shown(version?: SecureVersion): Promise<string>;
}

/** @param address of the ingress, which tests connect to in the place of the host's DNS record */
export async function createCertifier(address: string): Promise<Certifier> {
  const authority = await createAuthority();
  setDefaultCACertificates([...getCACertificates(), authority.root]);
  return {
    async supply({ project }, generation) {
      const issued = await authority.issue({ names: [`DNS:${cluster.domain}`, `IP:${address}`] });
      await project.supply("TLS_CERTIFICATE", issued.certificate + authority.issuer, generation);
      await project.supply("TLS_PRIVATE_KEY", issued.key, generation);
      return issued;
    },
    async shown(version) {
      const old = version === undefined ? {} : { maxVersion: version, minVersion: version, ciphers: "ALL:@SECLEVEL=0" };
      const socket = connect({ host: address, port: 443, servername: cluster.domain, ca: authority.root, ...old });
      try {
        await once(socket, "secureConnect");
        return socket.getPeerX509Certificate()?.fingerprint256 ?? "none";
      } finally {
        socket.destroy();
      }
    },
  };
}

export const fingerprint = ({ certificate }: Certified): string => new X509Certificate(certificate).fingerprint256;
