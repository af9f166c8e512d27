/* SPDX-License-Identifier: Apache-2.0 */
/* mqtt_rows.h — packets that are right: what Mosquitto 2.0 sends (marked so), and the shapes it
 * does not send. */
#ifndef VIGIL_TESTS_MQTT_ROWS_H
#define VIGIL_TESTS_MQTT_ROWS_H

#include "proto/mqtt/mqtt.h"

#define DID      "303031313232333334343535" /* 001122334455 */
#define MESSAGES "0015 6d657373616765732f" DID
#define ACTIONS  "0014 616374696f6e732f" DID
#define MQTT_4   "0004 4d515454 04"
#define MQTT_5_  "0004 4d515454 05"
#define GONE     "0004 676f6e65"
#define JSON     "7b22646964223a22" DID "227d"

struct mqtt_row {
	const char *name;
	enum mqtt_version version;
	const char *packet;
	const char *written; /* what our writer makes of it; NULL: the same */
};

/* clang-format off */
static const struct mqtt_row mqtt_rows[] = {
	{ "mosquitto: connect with a will", MQTT_3_1_1,
	  "10 3b " MQTT_4 "ce 001e 000c" DID MESSAGES GONE "0001 75 0001 70", NULL },
	{ "mosquitto: connect", MQTT_3_1_1, "10 0c " MQTT_4 "02 003c 0000", NULL },
	{ "mosquitto: connect with a will and properties", MQTT_5,
	  "10 4a " MQTT_5_ "ce 001e 08 1100000078 210014 000c" DID "05 1800000005" MESSAGES GONE
	  "0001 75 0001 70", NULL },
	{ "mosquitto: connect", MQTT_5, "10 10 " MQTT_5_ "02 003c 03 210014 0000", NULL },
	{ "connect with a password alone", MQTT_5, "10 12 " MQTT_5_ "42 0000 00 0000 0003 010203", NULL },
	{ "connect with every property", MQTT_5,
	  "10 30 " MQTT_5_ "02 003c 23 1100000001 210001 2700001000 220002 1901 1700 15 0001 61 16 0001 00"
	  "26 0001 61 0001 62 0000",
	  "10 1d " MQTT_5_ "02 003c 10 1100000001 210001 2700001000 220002 0000" },
	{ "mosquitto: connack", MQTT_3_1_1, "20 02 00 00", NULL },
	{ "connack, session present", MQTT_3_1_1, "20 02 01 00", NULL },
	{ "mosquitto: connack, id refused", MQTT_3_1_1, "20 02 00 02", NULL },
	{ "connack, not authorized", MQTT_3_1_1, "20 02 00 05", NULL },
	{ "mosquitto: connack", MQTT_5, "20 0c 0000 09 22000a 130032 21000a",
	  "20 0c 0000 09 21000a 22000a 130032" },
	{ "connack with every property", MQTT_5,
	  "20 2f 0000 2c 1100000010 210005 2401 2500 2700010000 12 0002 6964 220003 1f 0002 6f6b"
	  "2800 2900 2a00 13003c 1c 0002 7372", NULL },
	{ "connack, busy", MQTT_5, "20 03 00 89 00", NULL },
	{ "mosquitto: publish", MQTT_3_1_1, "32 2f " MESSAGES "0001" JSON, NULL },
	{ "mosquitto: publish, QoS 2, retained", MQTT_3_1_1, "35 1b " MESSAGES "0001 7b7d", NULL },
	{ "publish without payload", MQTT_3_1_1, "30 03 0001 61", NULL },
	{ "publish again", MQTT_3_1_1, "3a 05 0001 61 ffff", NULL },
	{ "mosquitto: publish with properties", MQTT_5,
	  "32 4f " MESSAGES "0001 1f 020000003c 030010 6170706c69636174696f6e2f6a736f6e 26 000161 000162" JSON,
	  "32 35 " MESSAGES "0001 05 020000003c" JSON },
	{ "mosquitto: publish, QoS 2, retained", MQTT_5, "35 1c " MESSAGES "0001 00 7b7d", NULL },
	{ "mosquitto: publish to a subscription with an id", MQTT_5, "34 0c 0003 612f62 0001 02 0b07 6869", NULL },
	{ "publish by alias", MQTT_5, "30 08 0000 03 230005 6869", NULL },
	{ "publish for two subscriptions with all else", MQTT_5,
	  "30 18 0001 61 13 0b07 0b8001 0101 08 0001 72 09 0002 00ff 23ffff 78",
	  "30 0b 0001 61 06 23ffff 0b8001 78" },
	{ "puback", MQTT_3_1_1, "40 02 0002", NULL },
	{ "pubrec", MQTT_3_1_1, "50 02 0002", NULL },
	{ "mosquitto: pubrel", MQTT_3_1_1, "62 02 0001", NULL },
	{ "pubcomp", MQTT_3_1_1, "70 02 ffff", NULL },
	{ "puback, nobody there", MQTT_5, "40 03 0002 10", NULL },
	{ "puback, not authorized, with words", MQTT_5, "40 09 0002 87 05 1f 0002 6e6f", "40 03 0002 87" },
	{ "pubrel, unknown id", MQTT_5, "62 03 0002 92", NULL },
	{ "pubcomp with an empty block", MQTT_5, "70 04 0002 00 00", "70 02 0002" },
	{ "mosquitto: subscribe", MQTT_3_1_1, "82 25 0001" ACTIONS "01 0009 616374696f6e732f2b 01", NULL },
	{ "subscribe to what 3.1.1 does not know as shared", MQTT_3_1_1, "82 0e 0001 0009 2473686172652f2f78 00", NULL },
	{ "mosquitto: subscribe with an id", MQTT_5,
	  "82 28 0001 02 0b07" ACTIONS "09 0009 616374696f6e732f2b 09", NULL },
	{ "subscribe with every option", MQTT_5, "82 07 0001 00 0001 23 2e", NULL },
	{ "subscribe, shared", MQTT_5, "82 10 0001 00 000a 2473686172652f672f23 01", NULL },
	{ "mosquitto: suback", MQTT_3_1_1, "90 03 0001 01", NULL },
	{ "suback, one refused", MQTT_3_1_1, "90 04 0001 80 02", NULL },
	{ "mosquitto: suback", MQTT_5, "90 04 0001 00 02", NULL },
	{ "suback, one refused, with words", MQTT_5, "90 0a 0001 05 1f0002 6e6f 87 00", "90 05 0001 00 87 00" },
	{ "mosquitto: unsubscribe", MQTT_3_1_1, "a2 09 0002 0005 6f6c642f23", NULL },
	{ "mosquitto: unsubscribe", MQTT_5, "a2 0a 0002 00 0005 6f6c642f23", NULL },
	{ "mosquitto: unsuback", MQTT_3_1_1, "b0 02 0003", NULL },
	{ "mosquitto: unsuback", MQTT_5, "b0 04 0003 00 00", NULL },
	{ "mosquitto: unsuback, there was none", MQTT_5, "b0 04 0004 00 11", NULL },
	{ "pingreq", MQTT_3_1_1, "c0 00", NULL },
	{ "mosquitto: pingresp", MQTT_5, "d0 00", NULL },
	{ "mosquitto: disconnect", MQTT_3_1_1, "e0 00", NULL },
	{ "mosquitto: disconnect", MQTT_5, "e0 00", NULL },
	{ "mosquitto: disconnect, the will is wanted", MQTT_5, "e0 01 04", NULL },
	{ "mosquitto: disconnect, protocol error", MQTT_5, "e0 01 82", NULL },
	{ "disconnect with everything", MQTT_5,
	  "e0 11 00 0f 1100000000 1f 0002 6f6b 1c 0002 7372", NULL },
};
/* clang-format on */

#endif
