/* What each peer's code is called through. The peer's folder has network.c, which defines it. */

#ifndef NETWORK_H
#define NETWORK_H

#ifdef __cplusplus
extern "C" {
#endif

void network_infer(const void *input, void *output);

#ifdef __cplusplus
}
#endif

#endif
