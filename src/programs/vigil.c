/* SPDX-License-Identifier: Apache-2.0 */
/* vigil — the command line over the public API; everything is in src/ctl. */
#include "ctl/ctl.h"
#include "programs/version.h"

int main(int argc, char **argv)
{
	return (int)ctl_main(argc, argv, VIGIL_VERSION);
}
