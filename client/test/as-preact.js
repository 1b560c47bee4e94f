/** `node --import` of this gives Preact to whoever asks for React, as a bundler's alias does. */

import { register } from "node:module";

const NAMES = { react: "preact/compat", "react-dom": "preact/compat", "react-dom/client": "preact/compat/client" };
const hook = `export const resolve = (name, context, next) => next((${JSON.stringify(NAMES)})[name] ?? name, context);`;
if (process.env.REACT === "preact") register(`data:text/javascript,${encodeURIComponent(hook)}`);
