/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/commands/commands.h"

/* clang-format off */
static const struct option_row global_options[] = {
	{ "url",        0,   "URL",   "the server (VIGIL_URL; default http://127.0.0.1:8080)" },
	{ "token",      0,   "TOKEN", "the access token (VIGIL_TOKEN); others may see it: prefer a file" },
	{ "token-file", 0,   "FILE",  "read the token from FILE" },
	{ "data",       0,   "DIR",   "the server on this machine that keeps its data in DIR" },
	{ "ca",         0,   "FILE",  "trust the certificates in FILE (VIGIL_CA)" },
	{ "json",       0,   NULL,    "print the API's JSON" },
	{ "no-color",   0,   NULL,    "no colours (also NO_COLOR)" },
	{ "help",       'h', NULL,    "show help" },
	{ "version",    0,   NULL,    "show the version" },
	{ NULL },
};

static const struct option_row list_options[] = {
	{ "online", 0,   NULL,   "only devices that are connected" },
	{ "query",  'q', "TEXT", "only devices whose did or name has TEXT" },
	{ NULL },
};

static const struct option_row add_options[] = {
	{ "name",        0, "TEXT",   "a name for people" },
	{ "kind",        0, "camera|gateway|recorder|speaker|other", "what it is" },
	{ "sign-policy", 0, "timestamp|any|hmac", "how it must sign" },
	{ NULL },
};

static const struct option_row action_options[] = {
	{ "timeout", 0, "MS", "how long the device may take: 100..30000" },
	{ NULL },
};

static const struct option_row token_options[] = {
	{ "expires", 0, "S", "how long the address works: 60..86400 (default 900)" },
	{ NULL },
};

static const struct option_row streams_options[] = {
	{ "watch",    'w', NULL, "show again and again, until Ctrl-C" },
	{ "interval", 0,   "S",  "seconds between two looks: 1..3600 (default 2)" },
	{ NULL },
};

static const struct option_row events_options[] = {
	{ "follow", 'f', NULL,     "wait for new events; reconnects where it stopped" },
	{ "did",    0,   "DID",    "only this device's" },
	{ "type",   0,   "TYPE",   "only this type, for example device.connected" },
	{ "cursor", 0,   "CURSOR", "start behind this event" },
	{ "limit",  'n', "COUNT",  "the last COUNT, or the first behind CURSOR (default 100)" },
	{ NULL },
};

static const struct option_row capture_options[] = {
	{ "output", 'o', "FILE", "where to; \"-\" is standard output (default: the picture's name)" },
	{ NULL },
};

static const struct option_row files_options[] = {
	{ "stills", 0, NULL, "pictures, not uploads" },
	{ NULL },
};

static const struct option_row get_options[] = {
	{ "stills", 0,   NULL,   "a picture, not an upload" },
	{ "output", 'o', "FILE", "where to; \"-\" is standard output (default: NAME)" },
	{ NULL },
};

static const struct option_row help_options[] = {
	{ "man", 0, NULL, "write the manual page in roff" },
	{ NULL },
};

static const struct command rows[] = {
	{ "status", "", 0, 0, "show the server's health and what is connected",
	  NULL, NULL, status_show, false },
	{ "login", "URL", 1, 1, "store a server's address and token",
	  "The token is asked for without echo, or read from standard input, unless an option gives it. "
	  "It is checked with the server first and kept in ~/.config/vigil/config, mode 0600.",
	  NULL, login_store, true },
	{ "sign-in-link", "", 0, 0, "make a one-time link that signs in to the console",
	  NULL, NULL, login_link, false },
	{ "device list", "", 0, 0, "list devices",
	  NULL, list_options, device_list, false },
	{ "device show", "DID", 1, 1, "show all that is known of a device",
	  NULL, NULL, device_show, false },
	{ "device add", "DID", 1, 1, "add a device and print its secret, this once",
	  "Standard output gets the secret alone, so that it can be piped into a file.",
	  add_options, device_add, false },
	{ "device remove", "DID", 1, 1, "remove a device",
	  NULL, NULL, device_remove, false },
	{ "device secret", "DID", 1, 1, "give a device a new secret and print it, this once",
	  "The old secret is void at once. Standard output gets the new one alone.",
	  NULL, device_secret, false },
	{ "device capture", "DID", 1, 1, "have a camera take a picture, and save it",
	  NULL, capture_options, device_capture, false },
	{ "files list", "DID", 1, 1, "list what a device uploaded, or its stills",
	  NULL, files_options, files_list, false },
	{ "files get", "DID NAME", 2, 2, "save a file that a device uploaded, or a still",
	  NULL, get_options, files_get, false },
	{ "import", "FILE.csv", 1, 1, "add and update devices from a CSV file",
	  "The columns are did,secret,name,kind; \"-\" reads standard input. A large file is sent in parts. "
	  "Refused lines are listed with their reasons; the status is then 1, and the other lines are in. "
	  "Importing a file again does no harm.",
	  NULL, import_file, false },
	{ "export", "[FILE]", 0, 1, "write all devices as CSV, without secrets",
	  NULL, NULL, export_file, false },
	{ "action", "DID NAME [FIELD=VALUE ...]", 2, 64, "have a device do something",
	  "For example: vigil action CAM1 ptz.start direction=2 speed=1. The types of the fields come from "
	  "the server (GET /v2/actions). NAME may also be the action's JSON: "
	  "vigil action CAM1 '{\"ptz\":{\"stop\":{}}}'.",
	  action_options, action_run, false },
	{ "play-url", "DID", 1, 1, "make an address that plays a device's live picture",
	  NULL, token_options, live_play_url, false },
	{ "push-url", "DID", 1, 1, "make an address an encoder (ffmpeg, OBS) may push to",
	  NULL, token_options, live_push_url, false },
	{ "streams", "", 0, 0, "list live streams",
	  NULL, streams_options, streams_show, false },
	{ "events", "", 0, 0, "list events, or follow them",
	  "With --json each event is one line.", events_options, events_show, false },
	{ "completion", "bash|zsh|fish", 1, 1, "write a completion script for a shell",
	  "For bash: source <(vigil completion bash)", NULL, completion_write, true },
	{ "help", "[COMMAND]", 0, 2, "show help",
	  NULL, help_options, help_command, true },
};
/* clang-format on */

const struct commands *commands_all(void)
{
	static const struct commands all = { rows, COUNT_OF(rows), global_options };

	return &all;
}
