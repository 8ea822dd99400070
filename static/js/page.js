// Pages without a chat: forms, flashes, times.

import { enhanceForms } from "./ajax_form.js";
import { localTimes } from "./format.js";
import { adoptFlashes } from "./toasts.js";
import "./theme.js";

enhanceForms();
adoptFlashes();
localTimes(document);
