/* SPDX-License-Identifier: Apache-2.0 */
/*
 * font.h — capitals, digits and a few signs in 5 x 7 dots.
 */
#ifndef VIGIL_CAM_FONT_H
#define VIGIL_CAM_FONT_H

#include <stdint.h>

#define FONT_WIDTH  5
#define FONT_HEIGHT 7
#define FONT_STEP   6 /* from one character to the next */

/* The rows of a character from the top; the highest of FONT_WIDTH bits is the left dot. Small
 * letters give capitals, unknown characters a blank. */
const uint8_t *font_rows(char c);

/* Paints text into one plane at (x, y), each dot `scale` wide and high, cut at the plane's edges.
 */
void font_paint(uint8_t *plane, int stride, int width, int height, int x, int y, int scale,
                const char *text, uint8_t value);

#endif
