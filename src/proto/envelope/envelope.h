/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope.h — the JSON message of the device protocol, as devices and server send it by MQTT.
 *
 *     {"did","mid","type","sign","token","timestamp","data":{}}      a request or an event
 *     {"did","mid","type","result":{}}                               an answer
 *
 * Threads  any; pure.
 * Memory   envelope_read() gives JSON: envelope_done(). The texts are borrowed from it or from the
 *          bytes read, so these must live as long. Writers borrow all.
 * Errors   ERR_TOO_LARGE    over ENVELOPE_SIZE_MAX bytes, or nested deeper than base/json allows
 *          ERR_MALFORMED    not JSON, or a member that is missing, of a wrong type or too long
 *          ERR_UNSUPPORTED  a type that is none of the three
 *          Writers: the sticky failure of the buf; ask buf_err() once.
 */
#ifndef VIGIL_PROTO_ENVELOPE_ENVELOPE_H
#define VIGIL_PROTO_ENVELOPE_ENVELOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

#define ENVELOPE_SIZE_MAX      (64 * 1024)
#define ENVELOPE_DID_MAX       64
#define ENVELOPE_MID_MAX       64
#define ENVELOPE_SIGN_MAX      128
#define ENVELOPE_TOKEN_MAX     1024
#define ENVELOPE_TIMESTAMP_MAX 32

enum envelope_type {
	ENVELOPE_REGISTER, /* "regiser", as the protocol's text also spells it, is accepted */
	ENVELOPE_ACTION,
	ENVELOPE_EVENT,
};

/* Members that are absent, null or (mid, sign, token) empty are empty or NULL. */
struct envelope {
	enum envelope_type type;
	struct str did;
	struct str mid;
	struct str sign;
	struct str token;
	struct str
		timestamp_text; /* the characters as received, without quotes: a sign covers them */
	struct str data_text;   /* the member as received: an action's sign covers it */
	json_t *data;           /* an object, borrowed */
	json_t *result;         /* an object, borrowed */
	json_t *json;           /* what envelope_done() gives back */
};

/* One message, whole. */
enum err envelope_read(struct str text, struct envelope *out, struct why *why);
void envelope_done(struct envelope *envelope);
#define AUTO_ENVELOPE __attribute__((cleanup(envelope_done))) struct envelope

/* `[A-Za-z0-9:.-]{1,64}` */
bool envelope_did_is_valid(struct str did);
/* 1..64 printable ASCII characters. */
bool envelope_mid_is_valid(struct str mid);

/* --- what a server writes ------------------------------------------------------------------ */

/* `data` is JSON text and goes out as it stands; token and sign are left out when empty, and so is
 * timestamp_ms when 0. */
void envelope_write_action(struct buf *out, struct str did, struct str mid, struct str token,
                           int64_t timestamp_ms, struct str data, struct str sign);
/* mid as the register had it, empty if it had none. */
void envelope_write_register_answer(struct buf *out, struct str did, struct str mid, struct str id,
                                    int64_t expires_s, struct str token);
void envelope_write_register_refusal(struct buf *out, struct str did, struct str mid, int code,
                                     struct str error);

/* --- what a device writes ------------------------------------------------------------------ */

/* timestamp_ms 0: none, for the static sign; the sign covers its decimal digits. `data` is JSON
 * text, empty for {}. */
void envelope_write_register(struct buf *out, struct str did, struct str sign, int64_t timestamp_ms,
                             struct str data);
/* `result` is JSON text: {"<action>":{...}}. */
void envelope_write_result(struct buf *out, struct str did, struct str mid, struct str result);
/* `data` is JSON text; timestamp_ms 0: none. */
void envelope_write_event(struct buf *out, struct str did, int64_t timestamp_ms, struct str data);

#endif
