//! The server with what the official conformance suite asks of one: tools, prompts and resources by names of its
//! own, beside ours, behind the HTTP that users get. The workspace is a sandbox.
//!
//! Prints the address and serves until it is asked to end; `tests/conformance/run.sh` runs it and the suite.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test")]
// Logging and sampling are deprecated; the suite of 2025-11-25 asks for them.
#![allow(deprecated)]

mod fixtures;
mod questions;
mod tools;

use std::sync::Arc;

use databricks_sandbox::Sandbox;
use databricks_toolkit::Workspace;
use databricks_toolkit::mcp::http::{Http, HttpOptions};
use databricks_toolkit::mcp::{App, Registry, Selection, Server};
use rmcp::ErrorData;
use rmcp::handler::server::ServerHandler;
use rmcp::model::*;
use rmcp::service::{NotificationContext, RequestContext, RoleServer, SubscriptionContext};

type Context = RequestContext<RoleServer>;

/// The server, and the suite's fixtures in front of it.
struct Conformance {
    server: Server,
    questions: Arc<questions::Questions>,
}

impl ServerHandler for Conformance {
    fn get_info(&self) -> ServerConfig {
        self.server.get_info()
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: Context,
    ) -> Result<InitializeResult, ErrorData> {
        let mut info = self.server.initialize(request, context).await?;
        info.capabilities.logging = Some(JsonObject::new());
        if let Some(resources) = &mut info.capabilities.resources {
            resources.subscribe = Some(true);
        }
        Ok(info)
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        self.server.on_initialized(context).await;
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        self.server.accepted_subscription_filter(requested)
    }

    async fn listen(&self, subscription: SubscriptionContext) -> Result<(), ErrorData> {
        self.server.listen(subscription).await
    }

    async fn discover(&self, context: Context) -> Result<DiscoverResult, ErrorData> {
        self.server.discover(context).await
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListToolsResult, ErrorData> {
        let mut all = self.server.list_tools(request, context).await?;
        all.tools.extend(fixtures::tools());
        Ok(all)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        fixtures::tools().into_iter().find(|tool| tool.name == name).or_else(|| self.server.get_tool(name))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: Context,
    ) -> Result<CallToolResponse, ErrorData> {
        if let Some(answered) = self.questions.call(&request, &context) {
            return answered;
        }
        match tools::call(&request, &context).await {
            Some(answered) => answered.map(Into::into),
            None => self.server.call_tool(request, context).await,
        }
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListPromptsResult, ErrorData> {
        let mut all = self.server.list_prompts(request, context).await?;
        all.prompts.extend(fixtures::prompts());
        Ok(all)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        if let Some(answered) = self.questions.prompt(&request) {
            return answered;
        }
        match fixtures::prompt(&request) {
            Some(prompt) => Ok(prompt.into()),
            None => self.server.get_prompt(request, context).await,
        }
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListResourcesResult, ErrorData> {
        let mut all = self.server.list_resources(request, context).await?;
        all.resources.extend(fixtures::resources());
        Ok(all)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let mut all = self.server.list_resource_templates(request, context).await?;
        all.resource_templates.push(fixtures::template());
        Ok(all)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        match fixtures::resource(&request.uri) {
            Some(contents) => Ok(ReadResourceResult::new(vec![contents]).into()),
            None => self.server.read_resource(request, context).await,
        }
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: Context,
    ) -> Result<CompleteResult, ErrorData> {
        match request.r#ref.as_prompt_name() {
            Some(name) if name.starts_with("test_") => {
                let all = ["paris", "park", "party"].map(str::to_owned);
                let values =
                    all.into_iter().filter(|value| value.starts_with(&request.argument.value)).collect();
                Ok(CompleteResult::new(CompletionInfo::with_all_values(values).unwrap()))
            }
            _ => self.server.complete(request, context).await,
        }
    }

    async fn set_level(&self, _request: SetLevelRequestParams, context: Context) -> Result<(), ErrorData> {
        handshake_only::<SetLevelRequestMethod>(&context)
    }

    async fn subscribe(&self, _request: SubscribeRequestParams, context: Context) -> Result<(), ErrorData> {
        handshake_only::<SubscribeRequestMethod>(&context)
    }

    async fn unsubscribe(
        &self,
        _request: UnsubscribeRequestParams,
        context: Context,
    ) -> Result<(), ErrorData> {
        handshake_only::<UnsubscribeRequestMethod>(&context)
    }

    async fn get_task(&self, request: GetTaskParams, context: Context) -> Result<GetTaskResult, ErrorData> {
        self.server.get_task(request, context).await
    }

    async fn update_task(&self, request: UpdateTaskParams, context: Context) -> Result<(), ErrorData> {
        self.server.update_task(request, context).await
    }

    async fn cancel_task(&self, request: CancelTaskParams, context: Context) -> Result<(), ErrorData> {
        self.server.cancel_task(request, context).await
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: Context,
    ) -> Result<CustomResult, ErrorData> {
        self.server.on_custom_request(request, context).await
    }
}

/// What the revision without a handshake no longer has.
fn handshake_only<M: ConstString>(context: &Context) -> Result<(), ErrorData> {
    match context.protocol_version() {
        Some(version) if version >= ProtocolVersion::V_2026_07_28 => Err(ErrorData::method_not_found::<M>()),
        _ => Ok(()),
    }
}

#[tokio::main]
async fn main() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let workspace = Workspace::builder().host(sandbox.url()).token(sandbox.token()).build().unwrap();
    let server = Server::new(App::new(workspace), Registry::select(&Selection::all()).unwrap());
    let http = Http::bind("127.0.0.1:0", HttpOptions::default()).await.unwrap();
    println!("{}", http.url());
    let questions = Arc::new(questions::Questions::default());
    let wrap = move |server| Conformance { server, questions: Arc::clone(&questions) };
    let stop = async { tokio::signal::ctrl_c().await.unwrap() };
    http.serve_as(server, stop, wrap).await.unwrap();
    sandbox.shutdown().await;
}
