/**
 * Tries a credential on a real server, from where it is run: in the network of one of the stack's containers. Reads what to
 * try as JSON on standard input, so that no value is an argument; answers `{"accepted": …}` as JSON.
 */
import { text } from "node:stream/consumers";
import { answer, questionSchema } from "./answer.ts";

process.stdout.write(JSON.stringify(await answer(questionSchema.parse(JSON.parse(await text(process.stdin))))));
