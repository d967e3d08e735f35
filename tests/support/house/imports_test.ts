import assert from "node:assert/strict";
import { codeOf, importsOf, resolve } from "./imports.ts";

const CODE: readonly (readonly [what: string, source: string, code: string])[] = [
  ["a line comment", "a // Deno\nb", "a        \nb"],
  ["a block comment", "a /* x\ny */ b", "a     \n     b"],
  [
    "two slashes in a string, which begin no comment",
    '"//" + a // b',
    '"  " + a     ',
  ],
  ["strings in double and in single quotes", `"Date" + 'Date'`, `"    " + '    '`],
  ["an escaped quote", String.raw`"a\"b" + c`, '"    " + c'],
  ["a template", "`Date\nDate` + a", "`    \n    ` + a"],
  ["code in a substitution", "`x${Date}y`", "` ${Date} `"],
  ["nested templates", "`x${a(`y${b}z`)}w` + c", "` ${a(` ${b} `)} ` + c"],
  [
    "an object within a substitution",
    "`${ {a: '}'} }x` + b",
    "`${ {a: ' '} } ` + b",
  ],
  ["an escaped backtick and dollar", "`\\`\\${a}` + b", "`       ` + b"],
  [
    "a regular expression with quotes",
    `a = /["'/]"/.test(b) + "c"`,
    `a = /      /.test(b) + " "`,
  ],
  [
    "a regular expression after a word",
    `return /"/.test(b)`,
    `return / /.test(b)`,
  ],
  ["a division", `a / "b" / c`, `a / " " / c`],
  [
    "a division after a bracket",
    `f(a) / 2 + b[0] / 2 // c`,
    `f(a) / 2 + b[0] / 2     `,
  ],
  [
    "a regular expression that looks like a comment",
    `x(/\\/\\/a/, b)`,
    `x(/     /, b)`,
  ],
  ["a string without a closing quote", `"a`, `"a`],
];

for (const [what, source, code] of CODE) {
  Deno.test({
    name: `codeOf: blanks comments and contents of literals: ${what}`,
    permissions: "none",
    fn: () => assert.equal(codeOf(source), code),
  });
}

const IMPORTS: readonly (readonly [source: string, ...imports: string[]])[] = [
  [`import a from "./a.ts";`, "1 static ./a.ts"],
  [`import { b,\n  c as d } from './b.ts';`, "2 static ./b.ts"],
  [`import * as e from "node:util"`, "1 static node:util"],
  [`import "./side.ts";`, "1 static ./side.ts"],
  [`import type { F } from "./f.ts";`, "1 static type ./f.ts"],
  [`import { type F } from "./f.ts";`, "1 static ./f.ts"],
  [`import type from "./type.ts";`, "1 static ./type.ts"],
  [`import j from "./j.json" with { type: "json" };`, "1 static ./j.json"],
  [
    `export * from "./g.ts";\nexport { h } from "./h.ts";`,
    "1 static ./g.ts",
    "2 static ./h.ts",
  ],
  [`export type { I } from "./i.ts";`, "1 static type ./i.ts"],
  [`export const from = "./no.ts";`],
  [`export function f() {}\nconst a = Array.from("abc");`],
  [`const k = await import("./k.ts");`, "1 dynamic ./k.ts"],
  ["const k = await import(`./k.ts`);", "1 dynamic ./k.ts"],
  [
    `await import("./m.json", { with: { type: "json" } });`,
    "1 dynamic ./m.json",
  ],
  [`await import(name);`, "1 dynamic ?"],
  ["await import(`./${name}.ts`);", "1 dynamic ?"],
  [`await import("./" + name);`, "1 dynamic ?"],
  [`let l: import("./l.ts").L;`, "1 dynamic ./l.ts"],
  [`new Worker(new URL("./w.ts", import.meta.url));`, "1 url ./w.ts"],
  [`import.meta.resolve("./w.ts")`, "1 url ./w.ts"],
  [`new URL("./page", base); new URL("http://a/");`],
  [
    `// import "./no.ts"\nconst s = 'import "./no.ts"'; import "./yes.ts"`,
    "2 static ./yes.ts",
  ],
  [`a.import("./no.ts")`],
];

for (const [source, ...expected] of IMPORTS) {
  Deno.test({
    name: `importsOf: finds the imports in ${JSON.stringify(source)}`,
    permissions: "none",
    fn() {
      const found = importsOf(source).map((
        { line, kind, typeOnly, specifier },
      ) => `${line} ${kind} ${typeOnly ? "type " : ""}${specifier ?? "?"}`);
      assert.deepEqual(found, expected);
    },
  });
}

Deno.test({
  name: "resolve: a relative specifier becomes a path from the root folder, any other stays unchanged",
  permissions: "none",
  fn() {
    assert.equal(resolve("src/a/b.ts", "./c.ts"), "src/a/c.ts");
    assert.equal(resolve("src/a/b.ts", "../../deno.json"), "deno.json");
    assert.equal(resolve("src/a/b.ts", "node:util"), "node:util");
  },
});
