/** A service in miniature: it starts as each of the stack's own does, and says that it is up. */
import { startOrExit } from "../../../runtime/index.ts";

const secrets = await startOrExit({ service: "api" });
process.stdout.write(secrets.reportLine() + "\n");
