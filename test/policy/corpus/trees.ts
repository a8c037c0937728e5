/** Random property trees with a sentinel planted in their values, from a seed: the same seed makes the same trees. */

/** Stands in most string values of a tree; in no finding may it be seen. */
export const sentinel = "S3ntinelValue";

/** A small generator of numbers in [0, 1): mulberry32. */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const names = [
  "env",
  "DB_PASSWORD",
  "password",
  "API_KEY",
  "name",
  "value",
  "command",
  "args",
  "labels",
  "secrets",
  "kty",
  "d",
  "",
  "__proto__",
  "a.b",
  "TOKEN_TTL",
  "data",
  "0",
  "toString",
  "KEY",
  "headers",
  "user-data",
];
const shapes: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => `postgres://app:${text}@db:5432/app`,
  (text) => `DB_PASSWORD=${text}`,
  (text) => `--password=${text}`,
  (text) => `Authorization: Bearer ${text}0`,
  (text) => `\${X:-${text}}`,
  (text) => Buffer.from(`password=${text}`).toString("base64"),
  (text) => JSON.stringify({ password: text, nested: [text] }),
  (text) => `Server=db;Password=${text};`,
  (text) => `-----BEGIN PRIVATE KEY-----\n${text}\n-----END PRIVATE KEY-----`,
  (text) => `https://hooks.slack.com/services/T0000000/B0000000/${text}000`,
  (text) => `mysql -uroot -p${text}`,
  (text) => `{{ x | default("${text}") }}`,
  (text) => `\u0000\ud800${text}\uffff${"${".repeat(5)}`,
  (text) => `"${text}`,
];

/** A string value; most hold the sentinel. */
function randomText(next: () => number): string {
  const noise = Math.floor(next() * 2 ** 32).toString(36);
  const shape = shapes[Math.floor(next() * shapes.length)] ?? String;
  return next() < 0.8 ? shape(sentinel + noise) : noise.repeat(Math.floor(next() * 8));
}

/** A tree of at most the given depth: objects, arrays, strings and odd leaves, cycles, proxies and throwing getters. */
export function randomTree(next: () => number, depth: number): unknown {
  const roll = next();
  if (depth === 0 || roll < 0.35) return randomText(next);
  if (roll < 0.42)
    return [undefined, null, true, 0, -1.5, 10n, Symbol.iterator, () => sentinel, new Date(0), Buffer.from(sentinel)][
      Math.floor(next() * 10)
    ];
  if (roll < 0.65) return Array.from({ length: Math.floor(next() * 5) }, () => randomTree(next, depth - 1));
  const tree: Record<string, unknown> = {};
  for (let count = Math.floor(next() * 5); count >= 0; count--) {
    const name = names[Math.floor(next() * names.length)] ?? "x";
    Object.defineProperty(tree, name, {
      value: randomTree(next, depth - 1),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return hostile(tree, next());
}

function hostile(tree: Record<string, unknown>, roll: number): unknown {
  if (roll < 0.05) tree["self"] = tree;
  if (roll > 0.05 && roll < 0.09) {
    Object.defineProperty(tree, "trap", {
      enumerable: true,
      get: () => {
        throw new Error(sentinel);
      },
    });
  }
  if (roll < 0.97) return tree;
  return new Proxy(tree, {
    ownKeys: () => {
      throw new Error(sentinel);
    },
  });
}
