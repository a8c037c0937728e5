/** Users' passwords: scrypt with its parameters beside the hash, so that the cost can grow. */
import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from "node:crypto";

const KEY_BYTES = 32;
const R = 8;
const P = 1;

function derive(password: string, salt: Buffer, length: number, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, options, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

/** Hashes a password: `scrypt$log2N$r$p$salt$key`, base64url. `log2N` is the cost: each step doubles time and memory. */
export async function hashPassword(password: string, log2N: number): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, KEY_BYTES, options(log2N, R, P));
  return ["scrypt", log2N, R, P, salt.toString("base64url"), key.toString("base64url")].join("$");
}

/** Whether `stored` is of this password. Takes as long for a wrong one; false for what is not a hash. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const [scheme, log2N, r, p, salt, key] = stored.split("$");
  if (scheme !== "scrypt" || key === undefined || salt === undefined) return false;
  const expected = Buffer.from(key, "base64url");
  if (expected.length !== KEY_BYTES) return false;
  const cost = options(Number(log2N), Number(r), Number(p));
  const actual = await derive(password, Buffer.from(salt, "base64url"), expected.length, cost);
  return timingSafeEqual(actual, expected);
}

function options(log2N: number, r: number, p: number): ScryptOptions {
  return { N: 2 ** log2N, r, p, maxmem: 256 * r * 2 ** log2N };
}
