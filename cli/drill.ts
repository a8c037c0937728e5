import { Command } from "commander";

const help = `
It starts an engine of its own, in a network of its own, that never saw the stack; restores the backup there; brings every
service up; registers, logs in, stores and reads as a user; goes on with a rotation that was half done; and takes everything
away again. The stack that runs is not touched. A timer can run it: the last line is yes or no.

  goimg-secrets drill /mnt/backups/goimg-dev-20260301T020000Z.age --identity backup-identity.txt

Exit code 0: yes, it restores; 1: no, and why; 2: wrong use.
`;

/** `drill`: does this backup restore? */
export function drillCommand(): Command {
  return new Command("drill")
    .description("restore a backup on an empty engine, and answer whether everything in it works")
    .argument("<backup>", "a file, or s3://bucket/prefix/name")
    .requiredOption("--identity <file>", "age identity (private key) of one of its recipients")
    .option("--json", "for machines")
    .addHelpText("after", help)
    .action(async (address: string, { identity, json }: { identity: string; json?: true }) => {
      const { install } = await import("../toolchain/install.ts");
      const { drill } = await import("./restore/drill.ts");
      const { reportToTerminal } = await import("../toolchain/progress.ts");
      await install();
      const result = await drill(address, identity, reportToTerminal);
      if (json === true) process.stdout.write(`${JSON.stringify(result)}\n`);
      else {
        for (const { step, ok, seconds, why } of result.steps)
          process.stdout.write(`${ok ? "ok " : "NO "} ${step} (${seconds} s)${why === undefined ? "" : `: ${why}`}\n`);
        process.stdout.write(`${result.restores ? "yes" : "no"}: ${result.seconds} s\n`);
      }
      process.exitCode = result.restores ? 0 : 1;
    });
}
