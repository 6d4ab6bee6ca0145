// Element-wise programs: instructions on registers of a block of numbers each, so that a chain of
// operations goes through the cache once and is called once.
//
// A program works on lanes of one width: 4 bytes (float, int32, masks) or 8 (double, int64, masks).
// A mask is a lane of all ones or all zeros. Operands are numbered: inputs, constants, outputs,
// temporaries. Inputs and outputs of type bool, a byte each, are reached by instructions that turn
// them into masks and back.
//
// What a reduction gives is no operand of others. Work is divided in the same way whatever the number
// of threads, and with it the order in which numbers are added.

#pragma once

#include <cstdint>

namespace tailrace {

// src/tailrace/native/fusion.py has the same names in the same order.
enum FuseCode : uint16_t {
  // of one floating-point lane
  kNeg, kAbs, kSquare, kSqrt, kRsqrt, kReciprocal, kExp, kExpm1, kLog, kLog1p, kTanh, kSigmoid,
  kRelu, kRelu6, kElu, kSoftplus, kSign, kFloor, kCeil, kRound, kIsNan, kIsInf, kIsFinite,
  // of two
  kAdd, kSub, kMul, kDiv, kMax, kMin, kSquaredDifference, kDivNoNan, kMulNoNan, kTanhGrad,
  kSigmoidGrad, kSqrtGrad, kRsqrtGrad, kReciprocalGrad, kReluGrad, kRelu6Grad, kEluGrad,
  kSoftplusGrad, kLess, kLessEqual, kEqual, kNotEqual,
  // of whole numbers and masks
  kIntNeg, kIntAbs, kIntSquare, kIntAdd, kIntSub, kIntMul, kIntMax, kIntMin, kIntLess,
  kIntLessEqual, kIntEqual, kIntNotEqual, kAnd, kOr, kNotSame, kSame, kNot,
  // of any lanes, and from one kind to another
  kSelect, kZero, kFloatToInt, kIntToFloat, kMaskToFloat, kMaskToInt, kFloatToMask, kIntToMask,
  kLoadMask, kStoreMask,
  // of all numbers, or of all in a row or in a column
  kSum, kLargest, kSmallest,
  kFuseCodes,

  kFirstBinary = kAdd,
  kFirstWhole = kIntNeg,
  kFirstOther = kSelect,
  kFirstReduction = kSum,
};

// What an output has: a number for each lane, a number alone, one for each row or for each column.
enum FuseForm : uint8_t { kEach, kAlone, kOfRows, kOfColumns };

// What becomes of a sum in the end: it is divided by the number of lanes it is of, or by 2.
enum FuseEnd : uint8_t { kAsItIs, kMean, kHalf };

struct FuseInstruction {
  uint16_t code, out, a, b, c;
};

struct FuseProgram {
  int32_t lane_bytes;
  int32_t inputs, constants, outputs, temporaries, instructions, reductions;
  const uint8_t* input_bytes;   // [inputs] size of an element: 1 or lane_bytes
  const uint8_t* output_bytes;  // [outputs]
  const uint8_t* output_forms;  // [outputs] of FuseForm
  const uint8_t* output_ends;   // [outputs] of FuseEnd
  const uint8_t* output_codes;  // [outputs] how what is not kEach is reduced, less kFirstReduction
  const uint64_t* constant_bits;  // [constants] in the low bytes
  const FuseInstruction* code;
};

// Where an input lies; strides in elements, 0 along what it is broadcast over. The stride along
// columns is 0 or 1.
struct FuseInput {
  const char* data;
  int64_t row_stride, column_stride;
};

// A run over a matrix; outputs are contiguous. Parts of the work: rows, or, of a single row, columns.
// What is reduced is reduced over the part, and its outputs begin with the part's numbers.
struct FuseCall {
  const FuseProgram* program;
  const FuseInput* inputs;
  char* const* outputs;
  int64_t rows, columns;
  int64_t begin, end;
};

}  // namespace tailrace
