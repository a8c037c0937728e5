import path from "node:path";
import type { Command, Contender, Work } from "./contender.ts";

/** What the requirement documents: openssl, docker secret create and, for a service, docker stack deploy, in a script that may run twice. */
export const shell: Contender = {
  name: "shell",
  title: "openssl + docker in a script",
  prepare({ passwords, service, host, directory }: Work) {
    const script = path.join(import.meta.dirname, "..", "program", "secrets.sh");
    const command = (verb: string): Command => ({
      command: "bash",
      args: [script, verb, String(passwords), String(service)],
      cwd: directory,
      env: { ...process.env, DOCKER_HOST: host },
    });
    return Promise.resolve({ create: command("up"), noop: command("up"), destroy: command("down") });
  },
};
