/* bcryptprimitives.dll for Wine versions that lack it: see .ci/windows. */
#include <stddef.h>

unsigned char __stdcall SystemFunction036(void *buffer, unsigned long n); /* RtlGenRandom */

__declspec(dllexport) int __stdcall ProcessPrng(unsigned char *buffer, size_t n)
{
	return SystemFunction036(buffer, (unsigned long)n);
}
