// Gamma and Poisson numbers. Output i draws from counters of its own, starting 256 * i after the
// position, so that its value does not depend on how many tries its neighbours needed.
// Source: TF 1.15 core/kernels/random_op.cc, random_poisson_op.cc.

#include <cmath>
#include <cstddef>
#include <limits>

#include "philox.h"
#include "variates.h"

using namespace tailrace;

namespace {

constexpr uint64_t kReserved = 256;

// Doubles from one stream; a block holds two, handed out last one first, as TensorFlow does.
class Draws {
 public:
  explicit Draws(const Position& at) : next_(at) {}

  double uniform() {
    if (uniforms_ == 0) {
      uint32_t words[kWords];
      advance(words);
      uniform_[0] = uniform_f64(words[0], words[1]);
      uniform_[1] = uniform_f64(words[2], words[3]);
      uniforms_ = 2;
    }
    return uniform_[--uniforms_];
  }

  double normal() {
    if (normals_ == 0) {
      uint32_t words[kWords];
      advance(words);
      normal_pair(words, normal_);
      normals_ = 2;
    }
    return normal_[--normals_];
  }

 private:
  void advance(uint32_t* words) {
    block(next_, words);
    next_ = next_.after(1);
  }

  Position next_;
  double uniform_[2], normal_[2];
  int uniforms_ = 0, normals_ = 0;
};

// Marsaglia and Tsang, "A simple method for generating gamma variables", 2000.
double gamma(Draws draws, double alpha) {
  if (alpha == 1.0) return -std::log1p(-draws.uniform());
  const bool small = alpha < 1;
  const double d = alpha + (small ? 2.0 / 3 : -1.0 / 3);
  const double c = 1.0 / 3 / std::sqrt(d);
  for (;;) {
    const double x = draws.normal();
    double v = 1 + c * x;
    if (v <= 0) continue;
    v = v * v * v;
    const double u = draws.uniform();
    if (u < 1 - 0.0331 * (x * x) * (x * x) ||
        std::log(u) < 0.5 * x * x + d * (1 - v + std::log(v))) {
      return small ? d * v * std::pow(draws.uniform(), 1 / alpha) : d * v;
    }
  }
}

// Knuth's product of uniforms.
double poisson_product(Draws draws, double rate, double highest) {
  const double bound = std::exp(-rate);
  double product = 1;
  for (double count = 0;; count += 1) {
    product *= draws.uniform();
    if (product <= bound && count <= highest) return count;
  }
}

// Hormann, "The transformed rejection method for generating Poisson random variables", 1993.
double poisson_rejection(Draws draws, double rate, double highest) {
  const double log_rate = std::log(rate);
  const double b = 0.931 + 2.53 * std::sqrt(rate);
  const double a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  for (;;) {
    const double u = draws.uniform() - 0.5;
    const double v = draws.uniform();
    const double shifted = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / shifted + b) * u + rate + 0.43);
    if (k > highest) continue;
    if (shifted >= 0.07 && v <= 0.9277 - 3.6224 / (b - 2)) return k;
    if (k < 0 || (shifted < 0.013 && v > shifted)) continue;
    const double s = std::log(v * inverse_alpha / (a / (shifted * shifted) + b));
    const double t = -rate + k * log_rate - std::lgamma(k + 1);
    if (s <= t) return k;
  }
}

double poisson(const Draws& draws, double rate, double highest) {
  if (std::isnan(rate) || rate == std::numeric_limits<double>::infinity()) return rate;
  return rate < 10 ? poisson_product(draws, rate, highest)
                   : poisson_rejection(draws, rate, highest);
}

// out[s * count + p]: sample s of parameter p; outputs are numbered parameter by parameter.
template <class Draw>
void per_parameter(const Position& at, size_t samples, size_t count, double* out, Draw draw) {
  for (size_t p = 0; p < count; ++p) {
    for (size_t s = 0; s < samples; ++s) {
      out[s * count + p] = draw(Draws(at.after(kReserved * (p * samples + s))), p);
    }
  }
}

}  // namespace

TAILRACE_API void tailrace_gamma(uint64_t key, uint64_t low, uint64_t high, size_t samples,
                                 size_t count, const double* alphas, double* out) {
  per_parameter(Position{key, low, high}, samples, count, out,
                [&](const Draws& draws, size_t p) { return gamma(draws, alphas[p]); });
}

TAILRACE_API void tailrace_poisson(uint64_t key, uint64_t low, uint64_t high, size_t samples,
                                   size_t count, const double* rates, double highest,
                                   double* out) {
  per_parameter(Position{key, low, high}, samples, count, out, [&](const Draws& draws, size_t p) {
    return poisson(draws, rates[p], highest);
  });
}
