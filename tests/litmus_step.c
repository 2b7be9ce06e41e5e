/* One Levenberg-Marquardt step: reads {"theta", "r", "J", "mu"}, asks at its trial, answers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifndef SIGN
#define SIGN -1.0
#endif
#define MOST 64
static char line[1 << 20];

static int numbers(const char *name, double *out) {
    char key[32], *at, *end;
    int n = 0, depth = 0;
    sprintf(key, "\"%s\":", name);
    if (!(at = strstr(line, key))) exit(3);
    for (at += strlen(key);;) {
        double x = strtod(at, &end);
        if (end != at) { out[n++] = x; at = end; if (!depth) return n; continue; }
        if (*at == '[') depth++;
        if (*at == ']' && --depth == 0) return n;
        if (!*at++) exit(4);
    }
}

static void tell(const char *name, const double *x, int n) {
    printf("{\"%s\": [", name);
    for (int i = 0; i < n; i++) printf("%s%.17g", i ? ", " : "", x[i]);
    printf("]");
}

static double squares(const double *r, int n) {
    double sum = 0;
    while (n--) sum += r[n] * r[n];
    return sum;
}

int main(void) {
    static double theta[MOST], trial[MOST], r[MOST], rt[MOST], J[MOST * MOST], M[MOST][MOST + 1], mu;
    while (fgets(line, sizeof line, stdin)) {
        int P = numbers("theta", theta), N = numbers("r", r);
        numbers("J", J);
        numbers("mu", &mu);
        for (int i = 0; i < P; i++) {
            for (int j = 0; j <= P; j++) {
                M[i][j] = (i == j) * mu;
                for (int k = 0; k < N; k++)
                    M[i][j] += J[k * P + i] * (j < P ? J[k * P + j] : SIGN * r[k]);
            }
        }
        for (int k = 0; k < P; k++)
            for (int i = 0; i < P; i++) {
                double f = i == k ? 0 : M[i][k] / M[k][k];
                for (int j = k; j <= P; j++) M[i][j] -= f * M[k][j];
            }
        for (int i = 0; i < P; i++) trial[i] = theta[i] + M[i][P] / M[i][i];
        tell("ask", trial, P);
        printf("}\n");
        fflush(stdout);
        if (!fgets(line, sizeof line, stdin)) return 1;
        numbers("r", rt);
        int better = squares(rt, N) < squares(r, N);
        tell("theta", better ? trial : theta, P);
        printf(", \"accepted\": %s}\n", better ? "true" : "false");
        fflush(stdout);
    }
    return 0;
}
