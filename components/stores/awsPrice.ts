/** AWS' list prices in US dollars, of most regions: for a secret, whatever versions it has, and for a key. */
const monthly = { secret: 0.4, key: 1 };

/** What a month of a stack's entries costs in AWS Secrets Manager and KMS, requests left out ($0.05 and $0.03 for 10,000). */
export interface MonthlyPrice {
  /** Secrets of Secrets Manager: one for each entry. */
  readonly secrets: number;
  /** US dollars, the stack's key among them. */
  readonly dollars: number;
}

/** The price of entries, with the stack's key; each entry counts once, whatever generations it has. */
export function monthlyPrice(stored: readonly { readonly entry: string }[]): MonthlyPrice {
  const secrets = new Set(stored.map(({ entry }) => entry)).size;
  return { secrets, dollars: cents(secrets * monthly.secret + monthly.key) };
}

/** What one secret's entries add to it, in US dollars. */
export const priceOfEntries = (entries: number): number => cents(entries * monthly.secret);

/** {@link monthlyPrice} in words: `$1.80 for 2 secrets and a key`. */
export function pricePerMonth(stored: readonly { readonly entry: string }[]): string {
  const { secrets, dollars } = monthlyPrice(stored);
  return `$${dollars.toFixed(2)} for ${secrets} secrets and a key`;
}

const cents = (dollars: number): number => Math.round(dollars * 100) / 100;
