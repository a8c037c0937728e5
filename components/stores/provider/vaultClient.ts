import { askVault } from "../../../runtime/vaultHttp.ts";

/** A request that Vault answered otherwise than asked. No message holds a value, a token or what Vault quotes of a request. */
export class VaultError extends Error {
  override readonly name = "VaultError";
  /** Of HTTP; 0 when there was no answer. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Sends a request as the operator, whose token is in VAULT_TOKEN: it is never in the state. VAULT_NAMESPACE and VAULT_CACERT are
 * read as Vault's own command does.
 *
 * @returns the answer's JSON, or undefined for 404 and for an answer without a body
 * @throws VaultError
 */
export async function vault(address: string, method: string, route: string, body?: object): Promise<unknown> {
  const token = process.env["VAULT_TOKEN"] ?? "";
  if (token === "") {
    throw new VaultError(0, "VAULT_TOKEN is not set: log in to Vault (vault login -token-only) and export it");
  }
  const place = { address, namespace: process.env["VAULT_NAMESPACE"], caFile: process.env["VAULT_CACERT"] };
  const { status, json } = await askVault(place, { method, route, token, body }).catch((error: unknown) => {
    throw new VaultError(0, `Vault does not answer at ${address} (${codeOf(error)}): ${noAnswer}`);
  });
  if (status === 404) return undefined;
  if (status < 200 || status > 299) throw new VaultError(status, `${method} ${route}: ${refusal(status)}`);
  return json;
}

const noAnswer = "is it running, is VAULT_ADDR its address, and VAULT_CACERT its private CA's file?";

function codeOf(error: unknown): string {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return typeof code === "string" ? code : String(name);
}

function refusal(status: number): string {
  switch (status) {
    case 400:
      return "Vault refused the request";
    case 403:
      return "the operator's token may not do this, or has expired";
    case 503:
      return "Vault is sealed or standing by: unseal it (vault operator unseal)";
    default:
      return `Vault answered ${status}`;
  }
}
