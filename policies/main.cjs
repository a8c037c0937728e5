// The SDK loads a pack with require(), and has ts-node compile `.ts`; import() leaves both to Node, which strips types.
void import("./debugger.ts").then(() => import("./index.ts"));
