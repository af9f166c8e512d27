/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/mqtt/mqtt_private.h"

/* The packets a reason may stand in, as bits. */
enum {
	CA = 1 << 0,
	PA = 1 << 1,
	PC = 1 << 2,
	SA = 1 << 3,
	UA = 1 << 4,
	DI = 1 << 5,
};

static const struct {
	uint8_t packets;
	const char *text;
} reasons[256] = {
#define X(name, code, packets, text) [code] = { packets, text },
#include "proto/mqtt/mqtt_reason.def"
#undef X
};

static const uint8_t packet_bit[MQTT_AUTH + 1] = {
	[MQTT_CONNACK] = CA, [MQTT_PUBACK] = PA, [MQTT_PUBREC] = PA,   [MQTT_PUBREL] = PC,
	[MQTT_PUBCOMP] = PC, [MQTT_SUBACK] = SA, [MQTT_UNSUBACK] = UA, [MQTT_DISCONNECT] = DI,
};

const char *mqtt_reason_text(enum mqtt_reason reason)
{
	const char *text = (unsigned)reason < COUNT_OF(reasons) ? reasons[reason].text : NULL;

	return text ? text : "unknown";
}

bool mqtt_reason_is_for(uint8_t code, enum mqtt_packet_type type)
{
	return (reasons[code].packets & packet_bit[type]) != 0;
}
