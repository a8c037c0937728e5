/** The manuals, followed from top to bottom by copy and paste on the real stack. Last: they rotate what the others look at. */
import path from "node:path";
import { expect, it } from "vitest";
import { follow, missingFrom } from "../manual.ts";
import { repository } from "../project.ts";
import { sharedStack } from "../swarm.ts";

const stack = sharedStack();

it.each(["docs/deployment/secrets.md", "docs/security/secret_rotation.md"])("%s does what it says", async (page) => {
  const { directory, env } = stack.place;
  const ran = await follow(path.join(repository, page), directory, {
    ...process.env,
    ...env,
    GOIMG_PROJECT: directory,
    GOIMG_AUDIT: path.join(directory, "audit"),
  });
  expect(ran.length).toBeGreaterThan(5);
  for (const { line, commands, shown, output } of ran) {
    const where = `${page}:${line}\n${commands}\nprinted:\n${output ?? "nothing: the shell had ended"}`;
    expect(output, where).toBeDefined();
    expect(output, where).not.toContain("(the shell ended here)");
    expect(missingFrom(output ?? "", shown), where).toBeUndefined();
  }
});
