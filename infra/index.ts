import { program } from "./program.ts";

export default await program();
