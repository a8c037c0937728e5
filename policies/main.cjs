// The SDK loads a pack with require(), and has ts-node compile `.ts`; import() leaves both to Node, which strips types.
void import("./start.ts").then(() => import("./index.ts"));
