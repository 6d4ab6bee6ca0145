// CRC-32C (Castagnoli) of a buffer: the processor's instruction where there is one, else eight
// table look-ups per eight bytes.

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__)
#include <nmmintrin.h>
#define TAILRACE_CRC_X86 1
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#define TAILRACE_CRC_ARM 1
#endif

namespace {

struct Tables {
  uint32_t after[8][256];  // after[k][b]: the register b once k more zero bytes have passed

  Tables() {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint32_t crc = byte;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0x82F63B78u : 0u);
      after[0][byte] = crc;
    }
    for (int k = 1; k < 8; ++k)
      for (uint32_t byte = 0; byte < 256; ++byte) {
        const uint32_t crc = after[k - 1][byte];
        after[k][byte] = (crc >> 8) ^ after[0][crc & 0xFF];
      }
  }
};

uint32_t by_tables(uint32_t crc, const uint8_t* data, size_t size) {
  static const Tables tables;
  const auto& after = tables.after;
  for (; size >= 8; data += 8, size -= 8) {
    const uint32_t low = crc ^ (data[0] | data[1] << 8 | data[2] << 16 | uint32_t(data[3]) << 24);
    crc = after[7][low & 0xFF] ^ after[6][(low >> 8) & 0xFF] ^ after[5][(low >> 16) & 0xFF] ^
          after[4][low >> 24] ^ after[3][data[4]] ^ after[2][data[5]] ^ after[1][data[6]] ^
          after[0][data[7]];
  }
  for (; size > 0; ++data, --size) crc = (crc >> 8) ^ after[0][(crc ^ *data) & 0xFF];
  return crc;
}

#if TAILRACE_CRC_X86
__attribute__((target("sse4.2"))) uint32_t by_instruction(uint32_t crc, const uint8_t* data,
                                                          size_t size) {
  uint64_t wide = crc;
  for (; size >= 8; data += 8, size -= 8) {
    uint64_t word;
    std::memcpy(&word, data, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  crc = static_cast<uint32_t>(wide);
  for (; size > 0; ++data, --size) crc = _mm_crc32_u8(crc, *data);
  return crc;
}
bool has_instruction() { return __builtin_cpu_supports("sse4.2"); }
#elif TAILRACE_CRC_ARM
uint32_t by_instruction(uint32_t crc, const uint8_t* data, size_t size) {
  for (; size >= 8; data += 8, size -= 8) {
    uint64_t word;
    std::memcpy(&word, data, 8);
    crc = __crc32cd(crc, word);
  }
  for (; size > 0; ++data, --size) crc = __crc32cb(crc, *data);
  return crc;
}
bool has_instruction() { return true; }
#else
uint32_t by_instruction(uint32_t crc, const uint8_t* data, size_t size) {
  return by_tables(crc, data, size);
}
bool has_instruction() { return false; }
#endif

}  // namespace

// The checksum of `size` bytes, going on from `crc`, the checksum of what came before (0 at first).
extern "C" __attribute__((visibility("default"))) uint32_t tailrace_crc32c(uint32_t crc,
                                                                         const void* data,
                                                                         size_t size) {
  static const bool instruction = has_instruction();
  const auto* bytes = static_cast<const uint8_t*>(data);
  crc = ~crc;
  return ~(instruction ? by_instruction(crc, bytes, size) : by_tables(crc, bytes, size));
}
