/** What the npm SDK declares of a resource's arguments: the fake refuses what the real provider's schema would. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { holdsUnknown } from "../../../components/stores/provider/wire.ts";
import type { Inputs, Problems } from "../../../components/stores/provider/kind.ts";

const sdk = path.resolve(import.meta.dirname, "../../../node_modules/@pulumi/aws");

/** Properties of an interface, by name. */
type Shape = ReadonlyMap<string, { readonly optional: boolean; readonly type: ts.TypeNode }>;

const shapes = new Map<string, Shape | undefined>();

/**
 * Reports every argument that the SDK does not know, that is missing, or of another type; nested ones by their path.
 *
 * @throws Error for a type that the SDK does not have
 */
export function checkArguments(type: string, inputs: Inputs, problems: Problems): void {
  const shape = shapeOf(type, () => argumentsOf(type));
  if (shape === undefined) throw new Error(`@pulumi/aws has no resource ${type}`);
  checkObject(shape, inputs, "", problems);
}

function checkObject(shape: Shape, value: Inputs, at: string, problems: Problems): void {
  for (const [name, { optional, type }] of shape) {
    const place = at === "" ? name : `${at}.${name}`;
    if (value[name] === undefined || value[name] === null) {
      if (!optional) problems.set(place, "is required");
    } else checkValue(type, value[name], place, problems);
  }
  for (const name of Object.keys(value)) {
    if (!shape.has(name) && !name.startsWith("__")) problems.set(at === "" ? name : `${at}.${name}`, "is not known");
  }
}

function checkValue(type: ts.TypeNode, value: unknown, at: string, problems: Problems): void {
  if (holdsUnknown(value)) return;
  if (ts.isTypeReferenceNode(type)) {
    const name = type.typeName.getText();
    const [inner] = type.typeArguments ?? [];
    if (name === "pulumi.Input" && inner !== undefined) checkValue(inner, value, at, problems);
    else if (name.startsWith("inputs.")) checkNested(name, value, at, problems);
    // Another resource, an enumeration: texts on the wire.
    else if (typeof value !== "string") problems.set(at, "must be text");
    return;
  }
  if (ts.isUnionTypeNode(type)) {
    const members = type.types.filter((member) => member.kind !== ts.SyntaxKind.UndefinedKeyword);
    const outcomes = members.map((member) => {
      const found: Problems = new Map();
      checkValue(member, value, at, found);
      return found;
    });
    const [first] = outcomes;
    if (first !== undefined && outcomes.every((found) => found.size > 0))
      for (const [place, problem] of first) problems.set(place, problem);
    return;
  }
  if (ts.isArrayTypeNode(type)) {
    if (!Array.isArray(value)) problems.set(at, "must be a list");
    else for (const [index, item] of value.entries()) checkValue(type.elementType, item, `${at}[${index}]`, problems);
    return;
  }
  if (ts.isTypeLiteralNode(type)) {
    const [member] = type.members;
    if (!isObject(value)) problems.set(at, "must be an object");
    else if (member !== undefined && ts.isIndexSignatureDeclaration(member))
      for (const [key, item] of Object.entries(value)) checkValue(member.type, item, `${at}.${key}`, problems);
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

function checkNested(name: string, value: unknown, at: string, problems: Problems): void {
  const shape = shapeOf(name, () => nestedOf(name));
  if (shape === undefined) throw new Error(`@pulumi/aws has no ${name}`);
  if (isObject(value)) checkObject(shape, value, at, problems);
  else problems.set(at, "must be an object");
}

function shapeOf(name: string, read: () => string | undefined): Shape | undefined {
  if (!shapes.has(name)) {
    const text = read();
    shapes.set(name, text === undefined ? undefined : parse(text));
  }
  return shapes.get(name);
}

/** `aws:ecs/service:Service` is declared as `ServiceArgs` in ecs/service.d.ts. */
function argumentsOf(type: string): string | undefined {
  const [, module = "", name = ""] = type.split(":");
  const file = path.join(sdk, `${module}.d.ts`);
  return existsSync(file) ? blockOf(readFileSync(file, "utf8"), `export interface ${name}Args {`, "\n}") : undefined;
}

let declarations: string | undefined;

/** `inputs.ecs.ServiceAlarms` is an interface of the namespace ecs. The file is too large to be parsed whole. */
function nestedOf(reference: string): string | undefined {
  const [, namespace = "", name = ""] = reference.split(".");
  declarations ??= readFileSync(path.join(sdk, "types", "input.d.ts"), "utf8");
  const own = blockOf(declarations, `export declare namespace ${namespace} {`, "\n}");
  return own === undefined ? undefined : blockOf(own, `    interface ${name} {`, "\n    }");
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
