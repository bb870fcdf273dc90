// Dark, light, or as the system; remembered in this browser.

export type Theme = "auto" | "dark" | "light";

const KEY = "watchfire.theme";
const THEMES: readonly Theme[] = ["auto", "dark", "light"];

class Look {
  theme = $state<Theme>(THEMES.find((one) => one === localStorage.getItem(KEY)) ?? "auto");

  apply(): void {
    if (this.theme === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = this.theme;
  }

  next(): void {
    this.theme = THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length] ?? "auto";
    localStorage.setItem(KEY, this.theme);
    this.apply();
  }
}

export const look = new Look();
