/** Carries out the damage of `damage.json` on one file, and finds out whether an output leaks a value. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { Keys, Mounted } from "./fixture.ts";

const damageSchema = z.array(
  z.strictObject({
    name: z.string(),
    on: z.array(z.enum(["text", "rsaPrivateKeyPem", "rsaPublicKeyPem", "tlsPrivateKeyPem", "tlsCertificatePem"])),
    do: z.array(z.string()).min(1).max(2),
    /** Reasons that must be given. */
    reasons: z.array(z.string()).min(1),
    /** Reasons that may be given as well, as an entry's own lengths have it. */
    also: z.array(z.string()).default([]),
  }),
);

export type Damage = z.infer<typeof damageSchema>[number];

export const damages: readonly Damage[] = damageSchema.parse(
  JSON.parse(readFileSync(new URL("damage.json", import.meta.url), "utf8")),
);

/** Spoils one file; answers the spoiled content, which must not be printed either. */
export function spoil(mounted: Mounted, fileName: string, damage: Damage, keys: Keys): string {
  const [verb = "", argument = ""] = damage.do;
  const path = join(mounted.directory, fileName);
  if (verb === "chmod") chmodSync(path, Number.parseInt(argument, 8));
  else if (!spoilPlace(mounted, path, verb)) {
    const content = spoiled(readFileSync(path), verb, argument, keys);
    rmSync(path);
    writeFileSync(path, content);
    chmodSync(path, 0o400);
    return content.toString("utf8");
  }
  return "";
}

/** Damage to where the value is; false when the verb is none of that. */
function spoilPlace(mounted: Mounted, path: string, verb: string): boolean {
  const outside = join(mounted.root, "elsewhere");
  const place: Record<string, () => void> = {
    remove: () => undefined,
    linkOutside: () => {
      symlinkSync(outside, path);
    },
    linkNowhere: () => {
      symlinkSync(join(mounted.directory, ".nowhere"), path);
    },
    linkLoop: () => {
      symlinkSync(path, path);
    },
    directory: () => {
      mkdirSync(path);
    },
    pipe: () => {
      execFileSync("mkfifo", ["-m", "0400", path]);
    },
  };
  const act = place[verb];
  if (!act) return false;
  renameSync(path, outside);
  act();
  return true;
}

function spoiled(original: Buffer, verb: string, argument: string, keys: Keys): Buffer {
  const text = original.toString("utf8");
  const middle = Math.floor(text.length / 2);
  switch (verb) {
    case "write":
      return Buffer.from(argument);
    case "writeBase64":
      return Buffer.from(argument, "base64");
    case "append":
      return Buffer.from(text + argument);
    case "prepend":
      return Buffer.from(argument + text);
    case "insert":
      return Buffer.from(text.slice(0, middle) + argument + text.slice(middle));
    case "replaceFirst":
      return Buffer.from(argument + text.slice(1));
    case "keep":
      return Buffer.from(text.slice(0, Number(argument)));
    case "pad":
      return Buffer.from(text + pseudoRandom(Number(argument) - text.length));
    case "dropLine":
      return Buffer.from(text.split("\n").toSpliced(Number(argument), 1).join("\n"));
    case "double":
      return Buffer.from(text + text);
    case "relabel":
      return Buffer.from(text.replace(/(BEGIN|END) [A-Z ]+/g, `$1 ${argument}`));
    case "key":
      return Buffer.from(keys[argument] ?? "");
    default:
      throw new Error(`damage.json has an unknown verb ${verb}`);
  }
}

function pseudoRandom(length: number): string {
  let state = 7;
  return Array.from({ length }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".charAt((state >> 8) % 36);
  }).join("");
}

/** Which of the values an output holds: raw, a line of a PEM, base64, hex or URL-encoded. Answers their indexes. */
export function leaks(output: string, values: readonly string[]): number[] {
  return values.flatMap((value, i) => {
    const parts = [value, ...value.split("\n")]
      .map((p) => p.trim())
      .filter((p) => p.length >= 6 && !p.startsWith("--"));
    const forms = parts.flatMap((part) => [
      part,
      encodeURIComponent(part),
      Buffer.from(part).toString("base64").replace(/=+$/, ""),
      Buffer.from(part).toString("base64url"),
      Buffer.from(part).toString("hex"),
    ]);
    return forms.some((form) => output.includes(form)) ? [i] : [];
  });
}
