import { verdictByStatus } from "./http.ts";
import type { Check } from "./provider.ts";

/** Where Pinata's API is. */
export interface PinataSettings {
  readonly url: string;
}

/** `GET /data/testAuthentication` (docs.pinata.cloud, "Test Authentication") answers 200 to a good token and 401 to others. */
export const checkPinata: Check<PinataSettings> = async ({ IPFS_PINATA_JWT: token = "" }, { url }) =>
  verdictByStatus(`${url}/data/testAuthentication`, { headers: { authorization: `Bearer ${token}` } });
