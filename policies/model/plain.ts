import { isRecord } from "./properties.ts";

/** The SDK's proxy throws on access to what a preview does not know yet; this key answers the object behind it. */
const behindProxy = "__getSpecialProxyTarget";

/** A resource's properties as plain data, unknown values and the texts of assets included. */
export async function plainProperties(props: Record<string, unknown>): Promise<Record<string, unknown>> {
  const behind = props[behindProxy];
  const assets: Promise<void>[] = [];
  const plain = plainOf(isRecord(behind) ? behind : props, assets);
  await Promise.all(assets);
  return isRecord(plain) ? plain : {};
}

function plainOf(value: unknown, assets: Promise<void>[]): unknown {
  if (Array.isArray(value)) return (value as readonly unknown[]).map((item) => plainOf(item, assets));
  if (!isRecord(value)) return value;
  if (value["__pulumiAsset"] === true || value["__pulumiArchive"] === true) return assetOf(value, assets);
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    Object.defineProperty(copy, key, {
      value: plainOf(item, assets),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return copy;
}

/** A text asset's content is a promise. Files and URLs are not opened: their paths are all there is. */
function assetOf(asset: Record<string, unknown>, assets: Promise<void>[]): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const key of ["text", "path", "uri", "assets"]) {
    const content = asset[key];
    if (content === undefined) continue;
    assets.push(
      Promise.resolve(content).then((known) => {
        plain[key] = plainOf(known, assets);
      }),
    );
  }
  return plain;
}
