// Lets Node run the page's modules: the browser's bundle of socket.io-client becomes the package it was made of.
import { register } from "node:module";

register("./resolve.mjs", import.meta.url);
