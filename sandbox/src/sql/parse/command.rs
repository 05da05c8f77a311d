//! What a statement can be. Queries and expressions are sqlparser's; the commands around them are the service's own and
//! small, so they are written down here rather than bent out of other dialects.

use std::collections::BTreeMap;

use datafusion::sql::sqlparser::ast::{Expr, Ident, Query, TableFactor};

use crate::sql::catalog::{Column, Kind};
use crate::sql::outside::Parameter;

/// A name of one to three parts.
pub(crate) type Name = Vec<Ident>;

/// One statement.
#[derive(Debug)]
pub(crate) enum Command {
    Query(Box<Query>),
    CreateCatalog {
        name: Name,
        if_not_exists: bool,
        options: Options,
    },
    CreateSchema {
        name: Name,
        if_not_exists: bool,
        options: Options,
    },
    CreateVolume {
        name: Name,
        if_not_exists: bool,
        options: Options,
    },
    CreateTable(Box<CreateTable>),
    CreateView(Box<CreateView>),
    Drop {
        kind: Kind,
        view: bool,
        name: Name,
        if_exists: bool,
        cascade: bool,
    },
    Alter {
        kind: Kind,
        view: bool,
        name: Name,
        change: Change,
    },
    Comment {
        kind: Kind,
        name: Name,
        column: Option<Ident>,
        comment: Option<String>,
    },
    Truncate {
        name: Name,
    },
    Insert(Box<Insert>),
    Copy(Box<Copy>),
    Update(Box<Update>),
    Delete(Box<Delete>),
    Merge(Box<Merge>),
    Show(Show),
    DescribeTable {
        name: Name,
        extended: bool,
        column: Option<Ident>,
    },
    DescribeQuery(Box<Query>),
    DescribeCatalog {
        name: Name,
    },
    DescribeSchema {
        name: Name,
        extended: bool,
    },
    DescribeVolume {
        name: Name,
    },
    DescribeFunction {
        name: Name,
        extended: bool,
    },
    DescribeDetail {
        name: Name,
    },
    DescribeHistory {
        name: Name,
        limit: Option<usize>,
    },
    Explain {
        query: Box<Query>,
        extended: bool,
    },
    /// `CACHE SELECT`: the query runs, and nobody sees its rows.
    CacheQuery(Box<Query>),
    CreateFunction(Box<CreateFunction>),
    DropFunction {
        name: Name,
        if_exists: bool,
    },
    Grant {
        privileges: Vec<String>,
        on: Securable,
        principal: String,
        revoke: bool,
    },
    Upkeep(Upkeep),
    Variable(VariableStatement),
    /// The files of a folder of a volume.
    List {
        path: String,
        limit: Option<usize>,
    },
    Set(Setting),
    /// A statement within a string, with the SQL of its parameters' values.
    ExecuteImmediate {
        text: String,
        values: Vec<(Option<String>, String)>,
    },
    Use {
        kind: Kind,
        name: Name,
    },
}

/// The clauses after a name that may come in any order.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) comment: Option<String>,
    pub(crate) properties: Vec<(String, String)>,
    pub(crate) location: Option<String>,
    pub(crate) partitions: Vec<String>,
    pub(crate) clustering: Vec<String>,
    /// `OPTIONS (…)`
    pub(crate) options: Vec<(String, String)>,
    pub(crate) format: Option<String>,
}

/// `CREATE TABLE`
#[derive(Debug)]
pub(crate) struct CreateTable {
    pub(crate) name: Name,
    pub(crate) or_replace: bool,
    pub(crate) if_not_exists: bool,
    pub(crate) columns: Vec<Column>,
    /// Names and what they say.
    pub(crate) constraints: Vec<(String, String)>,
    pub(crate) options: Options,
    pub(crate) query: Option<Box<Query>>,
    /// The table that this one is to be like.
    pub(crate) like: Option<Like>,
}

/// `LIKE` and `CLONE`
#[derive(Debug)]
pub(crate) struct Like {
    pub(crate) name: Name,
    /// Whether the rows come along.
    pub(crate) rows: bool,
    /// The version that is copied; none is the latest.
    pub(crate) version: Option<Version>,
}

/// `CREATE FUNCTION`
#[derive(Debug)]
pub(crate) struct CreateFunction {
    pub(crate) name: Name,
    pub(crate) replace: bool,
    pub(crate) if_not_exists: bool,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) returns: Option<String>,
    /// The columns of `RETURNS TABLE (…)`; none lets the query name them.
    pub(crate) table: Option<Vec<Parameter>>,
    pub(crate) comment: Option<String>,
    pub(crate) body: String,
}

/// What a grant is on: its kind as REST calls it, and its name.
#[derive(Debug)]
pub(crate) struct Securable {
    pub(crate) kind: &'static str,
    pub(crate) name: Name,
}

/// Statements about variables; types and values as they are written.
#[derive(Debug)]
pub(crate) enum VariableStatement {
    Declare {
        name: String,
        replace: bool,
        kind: Option<String>,
        default: Option<String>,
    },
    /// None is `DEFAULT`.
    Set {
        name: String,
        value: Option<String>,
    },
    Drop {
        name: String,
        if_exists: bool,
    },
}

/// Statements that keep tables in shape.
#[derive(Debug)]
pub(crate) enum Upkeep {
    Optimize(Name),
    Vacuum {
        name: Name,
        dry_run: bool,
        hours: Option<String>,
    },
    Fsck(Name),
    Restore {
        name: Name,
        to: Version,
    },
    /// Whatever needs the table to be there and does nothing that can be seen.
    Touch(Name),
    Nothing,
}

/// A version of a table, by its number or by a time in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Version {
    Number(i64),
    Time(i64),
}

/// `SET` and `RESET`
#[derive(Debug)]
pub(crate) enum Setting {
    All,
    Get(String),
    Put(String, String),
    Reset(Option<String>),
}

/// `CREATE VIEW`
#[derive(Debug)]
pub(crate) struct CreateView {
    pub(crate) name: Name,
    pub(crate) or_replace: bool,
    pub(crate) if_not_exists: bool,
    pub(crate) materialized: bool,
    /// The columns' names and comments, if the statement gives them.
    pub(crate) columns: Vec<(String, Option<String>)>,
    pub(crate) options: Options,
    pub(crate) query: Box<Query>,
    /// The query as it was written.
    pub(crate) text: String,
}

/// What `ALTER` changes.
#[derive(Debug)]
pub(crate) enum Change {
    RenameTo(Name),
    AddColumns(Vec<(Column, Option<Place>)>),
    SetDefault {
        name: Ident,
        default: Option<String>,
    },
    SetTags {
        column: Option<Ident>,
        tags: Vec<(String, String)>,
    },
    UnsetTags {
        column: Option<Ident>,
        keys: Vec<String>,
    },
    AddConstraint {
        name: String,
        text: String,
    },
    DropConstraint {
        name: String,
        if_exists: bool,
    },
    ClusterBy(Vec<String>),
    /// A switch of the service's that has no effect here.
    Nothing,
    DropColumns {
        names: Vec<Ident>,
        if_exists: bool,
    },
    RenameColumn {
        from: Ident,
        to: String,
    },
    CommentColumn {
        name: Ident,
        comment: Option<String>,
    },
    SetNullable {
        name: Ident,
        nullable: bool,
    },
    SetType {
        name: Ident,
        kind: String,
    },
    MoveColumn {
        name: Ident,
        place: Place,
    },
    /// The primary key, or the foreign key of these columns.
    DropKey {
        foreign: Option<Vec<Ident>>,
        if_exists: bool,
    },
    SetProperties(Vec<(String, String)>),
    UnsetProperties(Vec<String>),
    SetOwner(String),
    SetQuery {
        query: Box<Query>,
        text: String,
    },
}

/// Where a new column stands among the others.
#[derive(Debug)]
pub(crate) enum Place {
    First,
    After(Ident),
}

/// `INSERT`
#[derive(Debug)]
pub(crate) struct Insert {
    pub(crate) name: Name,
    pub(crate) columns: Vec<Ident>,
    pub(crate) overwrite: bool,
    pub(crate) by_name: bool,
    pub(crate) query: Box<Query>,
    /// The columns of `PARTITION (…)`, with their values where the statement gives them.
    pub(crate) partition: Vec<(Ident, Option<Expr>)>,
    /// `REPLACE WHERE`: which rows go.
    pub(crate) replace: Option<Expr>,
    /// Whether columns that the table has not are added to it.
    pub(crate) evolve: bool,
}

/// `COPY INTO`; the options' names are in lower case.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) name: Name,
    /// What is done with the rows of the files, which are a table called `files` to it.
    pub(crate) query: Option<Query>,
    pub(crate) path: String,
    pub(crate) format: String,
    /// Only files of these names, if there are any.
    pub(crate) files: Vec<String>,
    pub(crate) format_options: BTreeMap<String, String>,
    pub(crate) copy_options: BTreeMap<String, String>,
}

/// `UPDATE`
#[derive(Debug)]
pub(crate) struct Update {
    pub(crate) name: Name,
    pub(crate) alias: Option<Ident>,
    /// The column, or the way to a field in it, and the value.
    pub(crate) assignments: Vec<(Name, Expr)>,
    pub(crate) filter: Option<Expr>,
}

/// `DELETE`
#[derive(Debug)]
pub(crate) struct Delete {
    pub(crate) name: Name,
    pub(crate) alias: Option<Ident>,
    pub(crate) filter: Option<Expr>,
}

/// `MERGE`
#[derive(Debug)]
pub(crate) struct Merge {
    pub(crate) name: Name,
    pub(crate) alias: Option<Ident>,
    pub(crate) source: TableFactor,
    pub(crate) on: Expr,
    pub(crate) clauses: Vec<Clause>,
    /// Whether columns that the table has not are added to it.
    pub(crate) evolve: bool,
}

/// One `WHEN` of a `MERGE`.
#[derive(Debug)]
pub(crate) struct Clause {
    pub(crate) when: When,
    pub(crate) condition: Option<Expr>,
    pub(crate) action: Action,
}

/// Which rows a clause of a `MERGE` is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Matched,
    NotMatched,
    NotMatchedBySource,
}

/// What a clause of a `MERGE` does.
#[derive(Debug)]
pub(crate) enum Action {
    Delete,
    /// `None` is `UPDATE SET *`.
    Update(Option<Vec<(Name, Expr)>>),
    /// `None` is `INSERT *`.
    Insert(Option<Vec<(Name, Expr)>>),
}

/// `SHOW …`; a pattern is matched as `SHOW` does, with `*` and `|`.
#[derive(Debug)]
pub(crate) enum Show {
    Catalogs { pattern: Option<String> },
    Schemas { within: Option<Name>, pattern: Option<String> },
    Tables { within: Option<Name>, pattern: Option<String> },
    Views { within: Option<Name>, pattern: Option<String> },
    Volumes { within: Option<Name>, pattern: Option<String> },
    Columns { name: Name },
    CreateTable { name: Name },
    Properties { name: Name, key: Option<String> },
    Functions { system: bool, user: bool, within: Option<Name>, pattern: Option<String> },
    Partitions { name: Name },
    TableExtended { within: Option<Name>, pattern: String },
    Principals { groups: bool, pattern: Option<String> },
    Grants { principal: Option<String>, on: Option<Securable> },
    Listing(Listing),
    Keys { name: Name, foreign: bool },
}

/// What drivers list, with patterns as JDBC has them: `%` is any text, `_` any character.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) what: Listed,
    /// None is all catalogs.
    pub(crate) catalog: Option<Ident>,
    pub(crate) schema: Option<String>,
    pub(crate) table: Option<String>,
    /// The pattern of what is listed itself.
    pub(crate) name: Option<String>,
}

/// The kinds of things that drivers list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listed {
    Schemas,
    Tables,
    Columns,
    Functions,
}
