//! The SQL that the parser accepts: Databricks', with what sqlparser's own dialect of it leaves out.

use std::any::TypeId;

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr};
use datafusion::sql::sqlparser::dialect::{DatabricksDialect, Dialect, Precedence};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};

/// Databricks SQL. Adds the backslash in strings, `DIV`, `LONG`, `|>`, and queries that begin with FROM.
#[derive(Debug)]
pub(crate) struct Databricks;

/// Answers as [`DatabricksDialect`] does. The trait is made of answers, so there is nothing shorter than listing them.
macro_rules! as_databricks {
    ($($question:ident)*) => { $(fn $question(&self) -> bool { DatabricksDialect.$question() })* };
}

impl Dialect for Databricks {
    /// The parser asks for types in places where it has no question to ask.
    fn dialect(&self) -> TypeId {
        TypeId::of::<DatabricksDialect>()
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        DatabricksDialect.is_delimited_identifier_start(ch)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        DatabricksDialect.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        DatabricksDialect.is_identifier_part(ch)
    }

    as_databricks! {
        supports_numeric_prefix supports_filter_during_aggregation supports_group_by_expr supports_table_versioning
        supports_lambda_functions supports_select_wildcard_except require_interval_qualifier supports_struct_literal
        supports_nested_comments supports_group_by_with_modifier supports_values_as_table_factor
        supports_bang_not_operator supports_cte_without_as supports_select_item_multi_column_alias
    }

    fn supports_string_literal_backslash_escape(&self) -> bool {
        true
    }

    fn supports_bitwise_shift_operators(&self) -> bool {
        true
    }

    fn supports_order_by_all(&self) -> bool {
        true
    }

    fn supports_long_type_as_bigint(&self) -> bool {
        true
    }

    fn supports_pipe_operator(&self) -> bool {
        true
    }

    fn supports_from_first_select(&self) -> bool {
        true
    }

    fn supports_table_sample_before_alias(&self) -> bool {
        true
    }

    fn supports_map_literal_with_angle_brackets(&self) -> bool {
        true
    }

    fn parse_infix(&self, parser: &mut Parser, left: &Expr, _: u8) -> Option<Result<Expr, ParserError>> {
        if !parser.parse_keyword(Keyword::DIV) {
            return None;
        }
        let right = parser.parse_subexpr(self.prec_value(Precedence::MulDivModOp));
        Some(right.map(|right| Expr::BinaryOp {
            left: Box::new(left.clone()),
            op: BinaryOperator::MyIntegerDivide,
            right: Box::new(right),
        }))
    }
}
