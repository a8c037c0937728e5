import { copyFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { findCommand, runOrFail } from "../../../toolchain/process.ts";
import { openTofu, providerMirror } from "../plugins.ts";
import type { Command, Contender, Work } from "./contender.ts";

/** The `terraform` on the PATH. */
export async function terraform(): Promise<Contender> {
  const answer = JSON.parse(await runOrFail("terraform", ["version", "-json"])) as { terraform_version: string };
  return contender("terraform", `Terraform ${answer.terraform_version}`, "terraform");
}

/** OpenTofu, built from its pinned Go module the first time. */
export async function opentofu(): Promise<Contender> {
  const { program, version } = await openTofu();
  return contender("opentofu", `OpenTofu ${version}`, program);
}

/** True when there is a `terraform` on the PATH. */
export async function hasTerraform(): Promise<boolean> {
  return (await findCommand("terraform")) !== undefined;
}

/** Both read the same configuration, and start the same upstream providers from a file system mirror. */
function contender(name: "terraform" | "opentofu", title: string, program: string): Contender {
  return {
    name,
    title,
    async prepare({ passwords, service, host, directory }: Work) {
      const configuration = path.join(import.meta.dirname, "..", "program", "main.tf");
      await copyFile(configuration, path.join(directory, "main.tf"));
      await writeFile(path.join(directory, "terraform.tfvars.json"), JSON.stringify({ passwords, service }));
      const settings = path.join(directory, "cli.tfrc");
      await writeFile(
        settings,
        `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(await providerMirror())}\n  }\n}\ndisable_checkpoint = true\n`,
      );
      const env = { ...process.env, DOCKER_HOST: host, TF_CLI_CONFIG_FILE: settings, TF_IN_AUTOMATION: "1" };
      await runOrFail(program, ["init", "-no-color", "-input=false"], { cwd: directory, env });
      const command = (verb: string): Command => ({
        command: program,
        args: [verb, "-auto-approve", "-no-color", "-input=false"],
        cwd: directory,
        env,
      });
      return { create: command("apply"), noop: command("apply"), destroy: command("destroy") };
    },
  };
}
