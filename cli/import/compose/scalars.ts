/**
 * What a plain scalar means to compose, whose YAML library keeps some of YAML 1.1: `0123` is octal, `1_000` a thousand,
 * and an unquoted date becomes a time. A password that looks like a number reaches the container as that number.
 */
export function plainScalar(source: string): {
  readonly text: string | undefined;
  readonly value: string | number | boolean | null;
} {
  if (/^(?:|~|null|Null|NULL)$/.test(source)) return { text: undefined, value: null };
  if (/^(?:true|True|TRUE)$/.test(source)) return { text: "true", value: true };
  if (/^(?:false|False|FALSE)$/.test(source)) return { text: "false", value: false };
  if (!/^[-+.\d]/.test(source)) return { text: source, value: source };
  const integer = integerOf(source.replaceAll("_", ""));
  if (integer !== undefined) {
    const number = Number(integer);
    if (source === "-0") return { text: source, value: number };
    return { text: String(integer), value: Number.isSafeInteger(number) ? number : String(integer) };
  }
  if (/^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(source.replaceAll("_", ""))) {
    const number = Number(source.replaceAll("_", ""));
    return { text: goFloat(number), value: number };
  }
  const time = timeOf(source);
  return { text: time ?? source, value: time ?? source };
}

/** Go's `strconv.ParseInt(text, 0, 64)`, and `ParseUint` above it. */
function integerOf(text: string): bigint | undefined {
  const match = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)$/.exec(text);
  if (match?.[2] === undefined) return undefined;
  const digits = /^0[0-7]+$/.test(match[2]) ? `0o${match[2].slice(1)}` : match[2].toLowerCase();
  const value = BigInt(digits);
  if (match[1] === "-") return value <= 2n ** 63n ? -value : undefined;
  return value < 2n ** (match[1] === "+" ? 63n : 64n) ? value : undefined;
}

/** Go's `%v` of a float. */
function goFloat(number: number): string {
  if (number === 0) return "0";
  const exponent = Math.floor(Math.log10(Math.abs(number)));
  const [mantissa = "", power = ""] = number.toExponential().split("e");
  // Go's shortest form changes to an exponent where it has more than six digits before the point.
  if (exponent >= -4 && exponent < 6) return String(number);
  return `${mantissa}e${power.startsWith("-") ? "-" : "+"}${power.replace(/^[-+]/, "").padStart(2, "0")}`;
}

/** Dates are times in UTC; Go prints them in full. */
function timeOf(source: string): string | undefined {
  const match = /^(\d{4})-(\d\d?)-(\d\d?)$/.exec(source);
  if (match === null) return undefined;
  const [year, month, day] = match.slice(1).map(Number);
  const time = new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, day ?? 1));
  if (time.getUTCMonth() !== (month ?? 1) - 1) return undefined;
  return `${time.toISOString().slice(0, 10)} 00:00:00 +0000 UTC`;
}
