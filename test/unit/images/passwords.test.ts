import { expect, it } from "vitest";
import { hashPassword, verifyPassword } from "../../../images/app/src/passwords.ts";

it("tells a password from another, and salts", async () => {
  const [one, two] = await Promise.all([hashPassword("correct horse", 10), hashPassword("correct horse", 10)]);
  expect(one).not.toBe(two);
  expect(await verifyPassword("correct horse", one)).toBe(true);
  expect(await verifyPassword("correct horsE", one)).toBe(false);
});

it("keeps the cost beside the hash, so that it can grow", async () => {
  const hash = await hashPassword("correct horse", 11);
  expect(hash.split("$").slice(0, 4)).toEqual(["scrypt", "11", "8", "1"]);
  expect(await verifyPassword("correct horse", hash)).toBe(true);
});

it.each(["", "scrypt", "scrypt$10$8$1$$", "scrypt$10$8$1$c2FsdA$", "bcrypt$10$8$1$c2FsdA$a2V5", "plain"])(
  "refuses %j as a hash",
  async (stored) => {
    expect(await verifyPassword("", stored)).toBe(false);
  },
);
