//! Sums over spans of rows, which have the same bits in whatever parts they are computed.
//!
//! Spans are numbered, and a sum is that of a binary tree over the numbers (Higham 2002, §4.2: pairwise summation): node
//! (level, index) is the sum of the spans from index · 2^level on, 2^level of them. Whoever has the spans of a node
//! can add them up, and the parts of neighbours join to the same tree.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What can be summed.
pub(crate) trait Sum: Send {
    /// Adds what comes later in the order of the rows.
    fn merge(&mut self, later: Self);
}

/// The nodes of spans that follow one another: few, as brothers are added at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SpanSums<S> {
    /// The number of the next span.
    next: usize,
    /// In the order of the spans.
    nodes: Vec<Node<S>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Node<S> {
    level: u32,
    index: usize,
    sum: S,
}

impl<S> Default for SpanSums<S> {
    fn default() -> Self {
        Self::from_span(0)
    }
}

impl<S> SpanSums<S> {
    /// The sum of no spans, before that of this number.
    pub(crate) fn from_span(next: usize) -> Self {
        Self {
            next,
            nodes: Vec::new(),
        }
    }
}

impl<S: Sum> SpanSums<S> {
    /// Adds the next span.
    pub(crate) fn push(&mut self, sum: S) {
        let index = self.next;
        self.next += 1;
        self.push_node(Node {
            level: 0,
            index,
            sum,
        });
    }

    fn push_node(&mut self, mut node: Node<S>) {
        let is_brother = |earlier: &mut Node<S>, later: &Node<S>| {
            earlier.level == later.level && later.index % 2 == 1 && earlier.index == later.index - 1
        };
        while let Some(mut earlier) = self.nodes.pop_if(|earlier| is_brother(earlier, &node)) {
            earlier.sum.merge(node.sum);
            node = Node {
                level: earlier.level + 1,
                index: earlier.index / 2,
                sum: earlier.sum,
            };
        }
        self.nodes.push(node);
    }

    /// Adds the spans that follow.
    pub(crate) fn append(&mut self, later: Self) {
        for node in later.nodes {
            self.push_node(node);
        }
        self.next = later.next;
    }

    /// The number of the span before which these begin, if there are any.
    pub(crate) fn first(&self) -> Option<usize> {
        self.nodes.first().map(|node| node.index << node.level)
    }

    /// The number of the span that follows.
    pub(crate) fn next(&self) -> usize {
        self.next
    }

    /// The sum, if there was a span.
    pub(crate) fn total(self) -> Option<S> {
        let sums = self.nodes.into_iter().rev().map(|node| node.sum);
        sums.reduce(|later, mut earlier| {
            earlier.merge(later);
            earlier
        })
    }
}

/// Sums of spans that come in any order.
#[derive(Debug)]
pub(crate) struct UnorderedSums<S> {
    sums: SpanSums<S>,
    /// Those that came before their turn.
    early: BTreeMap<usize, S>,
}

impl<S> Default for UnorderedSums<S> {
    fn default() -> Self {
        Self {
            sums: SpanSums::default(),
            early: BTreeMap::new(),
        }
    }
}

impl<S: Sum> UnorderedSums<S> {
    /// Adds the span of this number.
    pub(crate) fn insert(&mut self, number: usize, sum: S) {
        self.early.insert(number, sum);
        while let Some(sum) = self.early.remove(&self.sums.next()) {
            self.sums.push(sum);
        }
    }

    /// The sums, once those of all spans have come.
    pub(crate) fn in_order(self) -> SpanSums<S> {
        self.sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says in which order it was added up.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Text(String);

    impl Sum for Text {
        fn merge(&mut self, later: Self) {
            self.0 = format!("({} {})", self.0, later.0);
        }
    }

    fn sums(spans: std::ops::Range<usize>) -> SpanSums<Text> {
        let mut sums = SpanSums::from_span(spans.start);
        for span in spans {
            sums.push(Text(span.to_string()));
            assert!(sums.nodes.len() <= 12);
        }
        sums
    }

    #[test]
    fn a_sum_is_pairwise_and_holds_every_span() {
        let total = |n| sums(0..n).total().map(|text| text.0);
        assert_eq!(total(0), None);
        assert_eq!(total(1).as_deref(), Some("0"));
        assert_eq!(total(5).as_deref(), Some("(((0 1) (2 3)) 4)"));
        assert_eq!(total(6).as_deref(), Some("(((0 1) (2 3)) (4 5))"));
    }

    #[test]
    fn spans_in_any_order_have_the_same_sum() {
        let mut unordered = UnorderedSums::default();
        for number in [3, 0, 4, 1, 6, 2, 5] {
            unordered.insert(number, Text(number.to_string()));
        }
        assert!(unordered.early.is_empty());
        assert_eq!(unordered.in_order(), sums(0..7));
    }

    #[test]
    fn parts_join_to_the_same_tree() {
        for n in 1..24 {
            for first in 0..n {
                for second in first..n {
                    let (mut one, two, three) =
                        (sums(0..first), sums(first..second), sums(second..n));
                    let mut later = two;
                    later.append(three);
                    one.append(later);
                    assert_eq!(one, sums(0..n));
                }
            }
        }
    }
}
