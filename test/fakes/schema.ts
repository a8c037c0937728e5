/**
 * What the npm SDK of a provider declares of a resource's arguments: its fake refuses what the real provider's schema would. Read with
 * TypeScript's own parser, block by block: some SDKs' declarations are too large to be parsed whole.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { holdsUnknown } from "../../components/stores/provider/wire.ts";
import type { Inputs, Problems } from "../../components/stores/provider/kind.ts";

const sdks = path.resolve(import.meta.dirname, "../../node_modules/@pulumi");

/** Properties of an interface, by name. */
type Shape = ReadonlyMap<string, { readonly optional: boolean; readonly type: ts.TypeNode }>;

/** By SDK and name. */
const shapes = new Map<string, Shape | undefined>();

/**
 * Reports every argument that the SDK does not know, that is missing, or of another type; nested ones by their path.
 *
 * @throws Error for a type that the SDK does not have
 */
export function checkArguments(type: string, inputs: Inputs, problems: Problems): void {
  const [sdk = ""] = type.split(":");
  const shape = shapeOf(`${sdk} ${type}`, () => argumentsOf(sdk, type));
  if (shape === undefined) throw new Error(`@pulumi/${sdk} has no resource ${type}`);
  checkObject({ sdk, problems }, shape, inputs, "");
}

/** Whose declarations they are, and what was found so far. */
interface Checked {
  readonly sdk: string;
  readonly problems: Problems;
}

function checkObject(checked: Checked, shape: Shape, value: Inputs, at: string): void {
  const placeOf = (name: string): string => (at === "" ? name : `${at}.${name}`);
  for (const [name, { optional, type }] of shape) {
    if (value[name] === undefined || value[name] === null) {
      if (!optional) checked.problems.set(placeOf(name), "is required");
    } else checkValue(checked, type, value[name], placeOf(name));
  }
  for (const name of Object.keys(value)) {
    if (!shape.has(name) && !name.startsWith("__")) checked.problems.set(placeOf(name), "is not known");
  }
}

function checkValue(checked: Checked, type: ts.TypeNode, value: unknown, at: string): void {
  const { sdk, problems } = checked;
  if (holdsUnknown(value)) return;
  if (ts.isParenthesizedTypeNode(type)) {
    checkValue(checked, type.type, value, at);
    return;
  }
  if (ts.isTypeReferenceNode(type)) {
    const name = type.typeName.getText();
    const [inner] = type.typeArguments ?? [];
    if (name === "pulumi.Input" && inner !== undefined) checkValue(checked, inner, value, at);
    else if (name.startsWith("inputs.")) checkNested(checked, name, value, at);
    // Another resource, an enumeration: texts on the wire.
    else if (typeof value !== "string") problems.set(at, "must be text");
    return;
  }
  if (ts.isUnionTypeNode(type)) {
    const members = type.types.filter((member) => member.kind !== ts.SyntaxKind.UndefinedKeyword);
    const outcomes = members.map((member) => {
      const found: Problems = new Map();
      checkValue({ sdk, problems: found }, member, value, at);
      return found;
    });
    const [first] = outcomes;
    if (first !== undefined && outcomes.every((found) => found.size > 0))
      for (const [place, problem] of first) problems.set(place, problem);
    return;
  }
  if (ts.isArrayTypeNode(type)) {
    if (!Array.isArray(value)) problems.set(at, "must be a list");
    else for (const [index, item] of value.entries()) checkValue(checked, type.elementType, item, `${at}[${index}]`);
    return;
  }
  if (ts.isTypeLiteralNode(type)) {
    const [member] = type.members;
    if (!isObject(value)) problems.set(at, "must be an object");
    else if (member !== undefined && ts.isIndexSignatureDeclaration(member))
      for (const [key, item] of Object.entries(value)) checkValue(checked, member.type, item, `${at}.${key}`);
    return;
  }
  const expected = primitives.get(type.kind);
  if (expected !== undefined && typeof value !== expected) problems.set(at, `must be a ${expected}`);
}

const primitives: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.StringKeyword, "string"],
  [ts.SyntaxKind.NumberKeyword, "number"],
  [ts.SyntaxKind.BooleanKeyword, "boolean"],
]);

function checkNested(checked: Checked, name: string, value: unknown, at: string): void {
  const { sdk, problems } = checked;
  const shape = shapeOf(`${sdk} ${name}`, () => nestedOf(sdk, name));
  if (shape === undefined) throw new Error(`@pulumi/${sdk} has no ${name}`);
  if (isObject(value)) checkObject(checked, shape, value, at);
  else problems.set(at, "must be an object");
}

function shapeOf(name: string, read: () => string | undefined): Shape | undefined {
  if (!shapes.has(name)) {
    const text = read();
    shapes.set(name, text === undefined ? undefined : parse(text));
  }
  return shapes.get(name);
}

/** `aws:ecs/service:Service` is declared as `ServiceArgs` in ecs/service.d.ts, and what is in `index` at the top. */
function argumentsOf(sdk: string, type: string): string | undefined {
  const [, module = "", name = ""] = type.split(":");
  const file = path.join(sdks, sdk, `${module.replace(/^index\//, "")}.d.ts`);
  return existsSync(file) ? blockOf(readFileSync(file, "utf8"), `export interface ${name}Args {`, "\n}") : undefined;
}

const declarations = new Map<string, string>();

/** `inputs.ecs.ServiceAlarms` is an interface of the namespace ecs, `inputs.FirewallInboundRule` one of none. */
function nestedOf(sdk: string, reference: string): string | undefined {
  const text = declarations.get(sdk) ?? readFileSync(path.join(sdks, sdk, "types", "input.d.ts"), "utf8");
  declarations.set(sdk, text);
  const [, first = "", second] = reference.split(".");
  if (second === undefined) return blockOf(text, `export interface ${first} {`, "\n}");
  const own = blockOf(text, `export declare namespace ${first} {`, "\n}");
  return own === undefined ? undefined : blockOf(own, `    interface ${second} {`, "\n    }");
}

function blockOf(text: string, start: string, end: string): string | undefined {
  const from = text.indexOf(start);
  return from === -1 ? undefined : text.slice(from, text.indexOf(end, from) + end.length);
}

function parse(text: string): Shape {
  const [statement] = ts.createSourceFile("sdk.d.ts", text, ts.ScriptTarget.Latest, true).statements;
  if (statement === undefined || !ts.isInterfaceDeclaration(statement))
    throw new Error("the SDK declares no interface");
  return new Map(
    statement.members
      .filter(ts.isPropertySignature)
      .flatMap(({ name, questionToken, type }) =>
        type === undefined ? [] : [[name.getText(), { optional: questionToken !== undefined, type }] as const],
      ),
  );
}

const isObject = (value: unknown): value is Inputs =>
  typeof value === "object" && value !== null && !Array.isArray(value);
