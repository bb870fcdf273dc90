// An alert's place in words, from the site inwards.

import type { AlertView, Bilingual } from "../contract";
import { BOARD } from "../words/board";

/** Site and zone: where to go. */
export function placeParts(alert: AlertView): Bilingual[] {
  return alert.zone ? [alert.site.name, alert.zone.name] : [alert.site.name];
}

/** What the device is called; a device that nobody listed by the name its protocol gives it. */
export function deviceText(alert: AlertView): Bilingual {
  if (!alert.device) return BOARD.no_device;
  const { label, name } = alert.device;
  return label.zh || label.en ? label : { zh: name, en: name };
}
