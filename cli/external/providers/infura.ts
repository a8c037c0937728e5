import { basic, verdictByStatus } from "./http.ts";
import type { Check } from "./provider.ts";

/** Where Infura's IPFS API is. */
export interface InfuraSettings {
  readonly url: string;
}

/** `POST /api/v0/version` (docs.infura.io, "IPFS", basic authentication): pins nothing, and wants the credentials. */
export const checkInfura: Check<InfuraSettings> = async (
  { IPFS_INFURA_PROJECT_ID: id = "", IPFS_INFURA_PROJECT_SECRET: secret = "" },
  { url },
) => verdictByStatus(`${url}/api/v0/version`, { method: "POST", headers: { authorization: basic(id, secret) } });
