import { Crypter } from "./crypter.ts";

const base64 = "[A-Za-z0-9+/]+={0,2}";
const value = `v1:[A-Za-z0-9+/]{16}:${base64}`;
/** A salt's line, or a value, wherever it stands: in a state, a config, an update's record. */
const sealed = new RegExp(`v1:${base64}:(?=v1:)${value}|${value}`, "g");
const isLine = (text: string): boolean => text.split(":").length > 3;

/** What {@link Keys.move} did to one text. */
export interface Moved {
  readonly text: string;
  /** Values and salts that were the old passphrase's, and are the new one's now. */
  readonly moved: number;
  /** Those that were the new one's already. */
  readonly kept: number;
  /** Those that neither opens: of an earlier passphrase, or damaged. */
  readonly unopened: number;
}

/**
 * The keys of the old passphrase and of the new one. A text is changed where something stands that the old passphrase opens, and
 * nowhere else: it is not parsed, so that no number, no order and no byte of the rest is touched.
 */
export class Keys {
  readonly #old: string;
  readonly #new: string;
  readonly #lines = new Map<string, "old" | "new" | "neither">();
  readonly #opens: { readonly old: Crypter[]; readonly new: Crypter[] } = { old: [], new: [] };

  constructor(passphrases: { readonly old: string; readonly new: string }) {
    this.#old = passphrases.old;
    this.#new = passphrases.new;
  }

  /** Learns the salts of a text. To be called for every text first: an update's record has values, and no salt of its own. */
  async learn(text: string): Promise<void> {
    for (const [line] of text.matchAll(sealed)) if (isLine(line)) await this.#whose(line);
  }

  /** Seals anew with the new passphrase what the old one opens. */
  async move(text: string): Promise<Moved> {
    await this.learn(text);
    const fresh = await this.#fresh();
    const count = { moved: 0, kept: 0, unopened: 0 };
    const changed = text.replaceAll(sealed, (found) => {
      const content = isLine(found) ? undefined : this.#opens.old.map((key) => key.open(found)).find(isOpened);
      if (content !== undefined || this.#lines.get(found) === "old") {
        count.moved += 1;
        return content === undefined ? fresh.line : fresh.seal(content);
      }
      const isNew = isLine(found)
        ? this.#lines.get(found) === "new"
        : this.#opens.new.some((key) => key.open(found) !== undefined);
      count[isNew ? "kept" : "unopened"] += 1;
      return found;
    });
    return { text: changed, ...count };
  }

  /** Every salt that matters, that of the values to come among them: to be learned again by who goes on after this process' death. */
  async salts(): Promise<string> {
    await this.#fresh();
    return [...this.#opens.old, ...this.#opens.new].map(({ line }) => `${line}\n`).join("");
  }

  /** The key that new values are sealed with: one of the new passphrase that is in use already, or one with a new salt. */
  async #fresh(): Promise<Crypter> {
    const known = this.#opens.new.at(0);
    if (known !== undefined) return known;
    const made = await Crypter.make(this.#new);
    this.#lines.set(made.line, "new");
    this.#opens.new.push(made);
    return made;
  }

  async #whose(line: string): Promise<void> {
    if (this.#lines.has(line)) return;
    for (const [whose, passphrase] of [["new", this.#new] as const, ["old", this.#old] as const]) {
      const crypter = await Crypter.of(passphrase, line);
      if (crypter === undefined) continue;
      this.#lines.set(line, whose);
      this.#opens[whose].push(crypter);
      return;
    }
    this.#lines.set(line, "neither");
  }
}

const isOpened = (content: Buffer | undefined): content is Buffer => content !== undefined;
