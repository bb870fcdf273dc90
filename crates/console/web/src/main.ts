import { mount } from "svelte";
import App from "./App.svelte";
import "./page.css";
import { look } from "./theme.svelte";
import { speech } from "./words/tongue.svelte";

// Messages to people link to `/alerts/<id>`: the station answers with this page, which has its addresses behind `#`.
if (location.pathname !== "/") location.replace(`/#${location.pathname}`);

look.apply();
speech.switchTo(speech.tongue);

const target = document.getElementById("app");
if (target) mount(App, { target });
