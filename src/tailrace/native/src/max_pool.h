// Maximum pooling of images [batch, height, width, channels], and its gradient.

#pragma once

namespace tailrace {

// Numbers are float, or double where `is_double`.
struct MaxPoolArgs {
  int is_double, threads;
  long batch, height, width, channels;
  long out_height, out_width;
  long window_height, window_width, stride_height, stride_width;
  long top, left;      // rows and columns of padding before the image
  const void* x;
  void* y;             // forward: [batch, out_height, out_width, channels]; or null
  const void* dy;      // backward: like y
  void* dx;            // backward: like x; or null
};

}  // namespace tailrace
