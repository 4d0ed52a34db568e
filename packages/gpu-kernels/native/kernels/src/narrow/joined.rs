//! Joined steps, put together.

use crate::program::{Action, Binary, Pointwise};
use std::collections::HashMap;

impl Pointwise {
    /// Most blocks on the stack at once.
    pub fn depth(&self) -> usize {
        let height = |(now, most): (usize, usize), action: &Action| match action {
            Action::Push(_) | Action::PushScaled { .. } => (now + 1, most.max(now + 1)),
            Action::Binary(_) => (now - 1, most),
            _ => (now, most),
        };
        self.actions.iter().fold((0, 0), height).1
    }

    /// With all that `inner` does in the place of a leaf.
    pub fn with(&self, leaf: usize, inner: &Pointwise) -> Pointwise {
        let moved = self.leaves.len();
        let mut joined = self.clone();
        joined.leaves.extend(&inner.leaves);
        let shift = |action: &Action| match *action {
            Action::Push(leaf) => Action::Push(leaf + moved),
            Action::BinaryWith(function, leaf) => Action::BinaryWith(function, leaf + moved),
            Action::Quantize { pair, min, max, dequantize } => Action::Quantize { pair: pair + moved, min, max, dequantize },
            Action::Dequantize { pair } => Action::Dequantize { pair: pair + moved },
            other => other,
        };
        let replace = |action: &Action| match action {
            Action::Push(pushed) if *pushed == leaf => inner.actions.iter().map(shift).collect(),
            other => vec![*other],
        };
        joined.actions = self.actions.iter().flat_map(replace).collect();
        joined.without_unused_leaves()
    }

    /// With one action for what dequantises a leaf. The last thing that is done to a joined step.
    pub fn with_scaled_leaves(&mut self) {
        let mut shorter: Vec<Action> = Vec::with_capacity(self.actions.len());
        let mut rest = &self.actions[..];
        while let [first, after @ ..] = rest {
            let (action, left) = match rest {
                [Action::Push(leaf), Action::BinaryWith(Binary::Sub, zero), Action::BinaryWith(Binary::Mul, scale), left @ ..] => {
                    (Action::PushScaled { leaf: *leaf, zero: Some([*zero, 0]), scale: [*scale, 0] }, left)
                }
                [Action::Push(leaf), Action::BinaryWith(Binary::Mul, scale), left @ ..] => {
                    (Action::PushScaled { leaf: *leaf, zero: None, scale: [*scale, 0] }, left)
                }
                [Action::Push(leaf), Action::Dequantize { pair }, left @ ..] => {
                    (Action::PushScaled { leaf: *leaf, zero: Some([*pair, 1]), scale: [*pair, 0] }, left)
                }
                _ => (*first, after),
            };
            shorter.push(action);
            rest = left;
        }
        self.actions = shorter;
    }

    fn without_unused_leaves(mut self) -> Pointwise {
        let mut numbers: HashMap<usize, usize> = HashMap::new();
        let mut leaves = Vec::new();
        let mut number = |leaf: &mut usize| {
            *leaf = *numbers.entry(*leaf).or_insert_with(|| {
                leaves.push(self.leaves[*leaf]);
                leaves.len() - 1
            });
        };
        for action in &mut self.actions {
            match action {
                Action::Push(leaf) | Action::BinaryWith(_, leaf) => number(leaf),
                Action::Quantize { pair, .. } | Action::Dequantize { pair } => number(pair),
                Action::Unary(_) | Action::Binary(_) | Action::PushScaled { .. } => {}
            }
        }
        self.leaves = leaves;
        self
    }
}
