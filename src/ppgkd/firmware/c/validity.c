/* Whether an estimate is valid, by the evidence of the last windows. */
#include "stages.h"

#define AGREEMENT_BPM 10.0f
#define SMALLEST_SHARE 0.03f /* keeps log odds finite */
#define SMALLEST_SD_BPM 1e-3f

/* Terms of the score; what each is in a right estimate, roughly, names the one that lacks. */
enum { PULSE, RATE, AGREEMENT, LOG_SD, TERMS };
static const float typical[TERMS] = {0.0f, 0.7f, 1.0f, 0.6f};
static const ppgkd_reason lacking[TERMS]
    = {PPGKD_NO_PULSE_BESIDE_MOTION, PPGKD_PERHAPS_MULTIPLE, PPGKD_WINDOWS_DISAGREE, PPGKD_SPREAD};

static ppgkd_reason judge_score(const float *term)
{
    float log_odds = PPGKD_SCORE_INTERCEPT;
    unsigned most = 0;
    for (unsigned i = 0; i < TERMS; i++) {
        log_odds += term[i] * ppgkd_score[i];
        if ((typical[i] - term[i]) * ppgkd_score[i]
            > (typical[most] - term[most]) * ppgkd_score[most])
            most = i;
    }
    return log_odds >= PPGKD_LEAST_LOG_ODDS ? PPGKD_VALID : lacking[most];
}

ppgkd_reason ppgkd_judge(const ppgkd_evidence *recent, float bpm, float sd_bpm)
{
    ppgkd_evidence mean = {0};
    float agreement = 0.0f, n = 0.0f;
    for (unsigned i = 0; i < PPGKD_RECENT; i++) {
        if (!recent[i].has_signal)
            continue;
        mean.pulse += recent[i].pulse;
        mean.not_double += recent[i].not_double;
        mean.not_triple += recent[i].not_triple;
        mean.not_half += recent[i].not_half;
        agreement += fabsf(recent[i].window_bpm - bpm) <= AGREEMENT_BPM ? 1.0f : 0.0f;
        n += 1.0f;
    }
    const float pulse = mean.pulse / n;
    const float least = smaller(smaller(mean.not_double, mean.not_triple), mean.not_half);
    const float term[TERMS] = {logf((pulse + SMALLEST_SHARE) / (1.0f - pulse + SMALLEST_SHARE)),
                               least / n, agreement / n, logf(larger(sd_bpm, SMALLEST_SD_BPM))};
    if (!(sd_bpm <= PPGKD_MOST_SD_BPM))
        return PPGKD_SPREAD;
    if (!(bpm >= PPGKD_LEARNED_LOW_BPM && bpm <= PPGKD_LEARNED_HIGH_BPM))
        return PPGKD_RATE_NOT_LEARNED;
    if (!(mean.not_double / n >= PPGKD_LEAST_NOT_DOUBLE))
        return PPGKD_PERHAPS_TWICE;
    if (!(mean.not_half / n >= PPGKD_LEAST_NOT_HALF))
        return PPGKD_PERHAPS_HALF;
    return judge_score(term);
}

const char *ppgkd_reason_text(ppgkd_reason reason)
{
    switch (reason) {
    case PPGKD_VALID:
        return "";
    case PPGKD_NO_SIGNAL:
        return "no signal";
    case PPGKD_SPREAD:
        return "spread";
    case PPGKD_RATE_NOT_LEARNED:
        return "rate not learned";
    case PPGKD_PERHAPS_TWICE:
        return "perhaps twice the rate";
    case PPGKD_PERHAPS_HALF:
        return "perhaps half the rate";
    case PPGKD_NO_PULSE_BESIDE_MOTION:
        return "no pulse beside motion";
    case PPGKD_PERHAPS_MULTIPLE:
        return "perhaps a multiple of the rate";
    case PPGKD_WINDOWS_DISAGREE:
        return "windows disagree";
    }
    return "not a reason";
}
