/**
 * Tries a credential again and again, in the network of one of the stack's containers, until every task of the server refuses it; then
 * says when: `{"at": milliseconds since the epoch}`. What to try comes as JSON on standard input; its `host` is a name that Docker knows.
 */
import { Resolver } from "node:dns/promises";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { answer, questionSchema } from "../../e2e/rotation/answer.ts";

/** How often, in milliseconds. */
const every = 200;

/** What the servers say to a login that is wrong; anything else is a task that starts or ends. */
const refusals = ["28P01", "WRONGPASS", "403"];

const question = questionSchema.parse(JSON.parse(await text(process.stdin)));
const docker = new Resolver({ timeout: 500, tries: 1 });
docker.setServers(["127.0.0.11"]);

for (let refused = false; !refused;) {
  await sleep(every);
  const at = Date.now();
  const tasks = await docker.resolve4(question.host).catch(() => []);
  const answers = await Promise.all(tasks.map((host) => answer({ ...question, host })));
  refused = answers.length > 0 && answers.every(({ code = "" }) => refusals.includes(code));
  if (refused) process.stdout.write(JSON.stringify({ at }));
}
