// All JavaScript of the project: `make check`. What esbuild or a browser would say too late, and what is never meant.
import js from "@eslint/js";
import globals from "globals";

/** Where a peer runs that we measure ourselves against. */
const BUN = { Bun: "readonly" };

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: "latest", sourceType: "module", globals: { ...globals.browser, ...globals.node, ...BUN }, parserOptions: { ecmaFeatures: { jsx: true } } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      // What is left out of a copy.
      "no-unused-vars": ["error", { ignoreRestSiblings: true }],
      eqeqeq: "error",
      "no-implied-eval": "error",
      "no-eval": "error",
      "no-var": "error",
      "prefer-const": ["error", { ignoreReadBeforeAssign: true }],
    },
  },
];
