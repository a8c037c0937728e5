import { tellingParts, window, type KnownValue } from "./known.ts";

/** A rolling polynomial hash of `size` characters; 32-bit arithmetic wraps on purpose. */
const base = 0x01000193;

class Windows {
  readonly size: number;
  readonly #places = new Map<number, Place[]>();
  /** One bit for each hash's low 20 bits: most positions of a text are done with here. */
  readonly #filter = new Uint8Array(1 << 17);
  readonly #highest: number;

  constructor(size: number) {
    this.size = size;
    let highest = 1;
    for (let index = 1; index < size; index += 1) highest = Math.imul(highest, base);
    this.#highest = highest;
  }

  get empty(): boolean {
    return this.#places.size === 0;
  }

  add(text: string, owner: KnownValue): void {
    this.#roll(text, (hash, start) => {
      const place = { text, start, owner };
      const places = this.#places.get(hash);
      if (places === undefined) this.#places.set(hash, [place]);
      else if (places.length < 64) places.push(place);
      const bit = hash & 0xfffff;
      this.#filter[bit >> 3] = (this.#filter[bit >> 3] ?? 0) | (1 << (bit & 7));
      return false;
    });
  }

  /** Calls `found` for each indexed stretch in the text, until it answers true. */
  search(text: string, found: (owner: KnownValue) => boolean): void {
    if (this.empty) return;
    this.#roll(text, (hash, start) => {
      const bit = hash & 0xfffff;
      if (((this.#filter[bit >> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
      return (this.#places.get(hash) ?? []).some((place) => this.#same(place, text, start) && found(place.owner));
    });
  }

  #same(place: Place, text: string, start: number): boolean {
    for (let index = 0; index < this.size; index += 1) {
      if (place.text.charCodeAt(place.start + index) !== text.charCodeAt(start + index)) return false;
    }
    return true;
  }

  #roll(text: string, visit: (hash: number, start: number) => boolean): void {
    if (text.length < this.size) return;
    let hash = 0;
    for (let index = 0; index < text.length; index += 1) {
      if (index >= this.size) hash = (hash - Math.imul(text.charCodeAt(index - this.size), this.#highest)) | 0;
      hash = (Math.imul(hash, base) + text.charCodeAt(index)) | 0;
      if (index >= this.size - 1 && visit(hash, index - this.size + 1)) return;
    }
  }
}

interface Place {
  readonly text: string;
  readonly start: number;
  readonly owner: KnownValue;
}

/**
 * All values of a stack, to be found in any text in time linear in its length, however many there are: any
 * {@link window} characters in a row of a value are enough, and a shorter value as a whole.
 */
export class ValueIndex {
  readonly #long = new Windows(window);
  /** By length: values shorter than a window are searched for whole. */
  readonly #short = new Map<number, Windows>();
  readonly #seen = new Set<string>();

  add(known: KnownValue): void {
    if (this.#seen.has(known.value)) return;
    this.#seen.add(known.value);
    for (const part of tellingParts(known)) {
      if (part.length >= window) this.#long.add(part, known);
      else {
        const windows = this.#short.get(part.length) ?? new Windows(part.length);
        this.#short.set(part.length, windows);
        windows.add(part, known);
      }
    }
  }

  get empty(): boolean {
    return this.#long.empty && this.#short.size === 0;
  }

  /** The values that give themselves away in a text, each once. */
  find(text: string): readonly KnownValue[] {
    const owners = new Map<string, KnownValue>();
    const found = (owner: KnownValue): boolean => {
      owners.set(owner.value, owner);
      return false;
    };
    this.#long.search(text, found);
    for (const windows of this.#short.values()) windows.search(text, found);
    return [...owners.values()];
  }
}
