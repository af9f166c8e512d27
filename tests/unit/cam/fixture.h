/* SPDX-License-Identifier: Apache-2.0 */
/* fixture.h — a folder of its own for each test, removed afterwards. */
#ifndef VIGIL_TESTS_CAM_FIXTURE_H
#define VIGIL_TESTS_CAM_FIXTURE_H

#define FIXTURE_PATH_SIZE 64

/* *state becomes the folder's path. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/* A file of these bytes in a folder below the fixture's. */
void fixture_write(const char *folder, const char *name, const char *text);

#endif
