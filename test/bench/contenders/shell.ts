import path from "node:path";
import type { Command, Contender, Work } from "./contender.ts";

/** What the requirement documents: openssl, docker secret create and docker stack deploy, in a script that may run twice. */
export const shell: Contender = {
  name: "shell",
  title: "openssl + docker stack deploy",
  prepare({ passwords, host, directory }: Work) {
    const script = path.join(import.meta.dirname, "..", "program", "secrets.sh");
    const command = (verb: string): Command => ({
      command: "bash",
      args: [script, verb, String(passwords)],
      cwd: directory,
      env: { ...process.env, DOCKER_HOST: host },
    });
    return Promise.resolve({ create: command("up"), noop: command("up"), destroy: command("down") });
  },
};
