/** What the detector says of a plaintext secret: which rule, and a sentence. It never holds the value. */
export interface Finding {
  readonly rule: string;
  readonly message: string;
}

/** Is this named value a plaintext secret? `name` is an environment variable, property or header name. */
export function detect(name: string, value: string): Finding | undefined {
  if (!/password/i.test(name) || /_FILE$/.test(name) || value === "") return undefined;
  return { rule: "named-secret", message: "a plaintext value under the name of a secret" };
}

/**
 * Walks any JSON-like tree (objects, arrays, strings) and answers the path of each finding,
 * such as `taskSpec.containerSpec.env.DB_PASSWORD`.
 */
export function detectTree(tree: unknown): { path: string; finding: Finding }[] {
  if (typeof tree !== "object" || tree === null) return [];
  return Object.entries(tree).flatMap(([key, value]: [string, unknown]) => {
    if (typeof value !== "string") return detectTree(value).map((hit) => ({ ...hit, path: `${key}.${hit.path}` }));
    const finding = detect(key, value);
    return finding === undefined ? [] : [{ path: key, finding }];
  });
}
