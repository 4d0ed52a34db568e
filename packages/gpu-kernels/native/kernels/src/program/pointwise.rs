//! Functions of several steps that treat each element alone, as one step: see `ops/pointwise.rs`. And values of bytes.

use super::{Binary, Operand, Unary};

/// How a value lies in its buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Floats,
    /// Integers from `least` on, four in the place of a float.
    Bytes {
        least: i32,
    },
}

/// How an operand meets the elements of the output of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meets {
    /// One element each.
    Each,
    /// Again and again: its elements are those of a row.
    Rows,
    /// One for all; of a pair of scale and zero point both.
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf {
    pub operand: Operand,
    pub meets: Meets,
    pub form: Form,
    /// Elements of one item.
    pub size: usize,
}

/// What is done to a stack of blocks; numbers are those of leaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Action {
    Push(usize),
    /// (leaf - zero) · scale; each of both is a number of a leaf.
    PushScaled {
        leaf: usize,
        zero: Option<[usize; 2]>,
        scale: [usize; 2],
    },
    Unary(Unary),
    /// Of the two topmost blocks.
    Binary(Binary),
    /// Of the topmost block and a number.
    BinaryWith(Binary, usize),
    Quantize {
        pair: usize,
        min: f32,
        max: f32,
        dequantize: bool,
    },
    Dequantize {
        pair: usize,
    },
}

#[derive(Debug, Clone)]
pub struct Pointwise {
    pub leaves: Vec<Leaf>,
    pub actions: Vec<Action>,
    pub form: Form,
    /// Elements of one item.
    pub size: usize,
}
