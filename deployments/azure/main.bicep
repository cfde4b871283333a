// One environment: a workspace with its storage, vault, images, network, cluster, events and alarms, in the resource
// group that identities.bicep made. Everything here is the environment's own; no role reaches out of the group.
@allowed(['dev', 'staging', 'prod'])
param environment string
param location string = resourceGroup().location
param prefix string = 'perennial'

@description('The id of the registry that registry.bicep made.')
param registryId string

@description('{network, endpoints, flows, apps}: the address ranges of the network and of its subnets.')
param addresses object

@description('Does this environment train? The others only take models from the registry.')
param trains bool

@description('What storage is copied to: Standard_ZRS within the region, Standard_GZRS to its pair as well.')
param replication string = 'Standard_ZRS'
param clusterSize string = 'Standard_DS3_v2'
param maxNodes int = 4

@description('Hosts of the package index that image builds may reach; none: no firewall.')
param packageHosts array = []

@description('Prefixes in the container perennial that the service itself writes.')
param ownPrefixes array = ['datasets/', 'evidence/', 'investigations/', 'jobs/', 'ledger/', 'monitors/', 'predictions/', 'quarantine/', 'releases/', 'reports/', 'scores/', 'usage/', 'windows/']

@description('Endpoints to watch and scale: [{name, slots: [...]}]. They exist once a first release made them.')
param endpoints array = []
param maxErrorsPerMinute int = 1
param maxLatencyMs int = 500
param minInstances int = 1
param maxInstances int = 3

@description('Who is told of alarms and costs.')
param emails array
param monthlyBudget int
param budgetStart string

@description('Who pays, who answers.')
param tags object

var all = union(tags, { environment: environment })
var suffix = uniqueString(resourceGroup().id)
var operatorRole = guid(resourceGroup().id, 'endpoint-operator')
var roles = union(loadJsonContent('roles.json'), { 'Perennial Endpoint Operator': operatorRole })

resource ci 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: 'id-${prefix}-${environment}-ci'
}

resource worker 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: 'id-${prefix}-${environment}-worker'
}

resource flows 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: 'id-${prefix}-${environment}-flows'
}

resource training 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: 'id-${prefix}-${environment}-training'
}

resource serving 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: 'id-${prefix}-${environment}-endpoint'
}

resource owner 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: 'id-${prefix}-${environment}-workspace'
}

module network 'modules/network.bicep' = {
  name: 'network'
  params: {
    prefix: prefix
    environment: environment
    location: location
    tags: all
    addresses: addresses
  }
}

module names 'modules/names.bicep' = {
  name: 'names'
  params: {
    networkId: network.outputs.id
    tags: all
  }
}

module logs 'modules/logs.bicep' = {
  name: 'logs'
  params: {
    prefix: prefix
    environment: environment
    location: location
    tags: all
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    name: 'st${take(prefix, 9)}${suffix}'
    location: location
    tags: all
    replication: replication
    logsId: logs.outputs.logsId
    grants: [
      { identity: 'workspace', principalId: owner.properties.principalId, role: 'Contributor', why: 'keeps its datastores in the account' }
      { identity: 'workspace', principalId: owner.properties.principalId, role: 'Storage Blob Data Contributor', why: 'reads and writes its datastores without a key' }
      { identity: 'workspace', principalId: owner.properties.principalId, role: 'Storage File Data Privileged Contributor', why: 'reads and writes its file share without a key' }
      { identity: 'workspace', principalId: owner.properties.principalId, role: 'Azure AI Enterprise Network Connection Approver', why: 'connects the managed network to the account' }
      { identity: 'flows', principalId: flows.properties.principalId, role: 'Storage Blob Data Contributor', why: 'raw data in, dataset versions, labels and the ledger out' }
      { identity: 'flows', principalId: flows.properties.principalId, role: 'Storage Queue Data Message Processor', why: 'reads and removes events' }
      { identity: 'training', principalId: training.properties.principalId, role: 'Storage Blob Data Contributor', why: 'reads a dataset version, writes the model' }
      { identity: 'endpoint', principalId: serving.properties.principalId, role: 'Storage Blob Data Contributor', why: 'reads the model, writes what was asked and answered' }
    ]
  }
}

module vault 'modules/key-vault.bicep' = {
  name: 'vault'
  params: {
    name: 'kv-${take(prefix, 6)}-${suffix}'
    location: location
    tags: all
    logsId: logs.outputs.logsId
    grants: [
      { identity: 'workspace', principalId: owner.properties.principalId, role: 'Contributor', why: 'is a dependency of the workspace' }
      { identity: 'workspace', principalId: owner.properties.principalId, role: 'Key Vault Administrator', why: 'keeps the keys of its endpoints' }
      { identity: 'workspace', principalId: owner.properties.principalId, role: 'Azure AI Enterprise Network Connection Approver', why: 'connects the managed network to the vault' }
    ]
  }
}

module images 'modules/container-registry.bicep' = {
  name: 'images'
  params: {
    name: 'cr${prefix}${suffix}'
    location: location
    tags: all
    grants: [
      { identity: 'workspace', principalId: owner.properties.principalId, role: 'Contributor', why: 'builds images' }
      { identity: 'workspace', principalId: owner.properties.principalId, role: 'Azure AI Enterprise Network Connection Approver', why: 'connects the managed network to the images' }
      { identity: 'ci', principalId: ci.properties.principalId, role: 'AcrPush', why: 'pushes the image of the flows' }
      { identity: 'flows', principalId: flows.properties.principalId, role: 'AcrPull', why: 'runs the image of the flows' }
      { identity: 'training', principalId: training.properties.principalId, role: trains ? 'AcrPush' : 'AcrPull', why: 'runs environments and, where they are made, builds them' }
      { identity: 'endpoint', principalId: serving.properties.principalId, role: 'AcrPull', why: 'runs the scoring environment' }
    ]
  }
}

module workspace 'modules/workspace.bicep' = {
  name: 'workspace'
  params: {
    name: 'mlw-${prefix}-${environment}'
    location: location
    tags: all
    storageId: storage.outputs.id
    vaultId: vault.outputs.id
    imagesId: images.outputs.id
    insightsId: logs.outputs.insightsId
    workspaceIdentityId: owner.id
    registryId: registryId
    logsId: logs.outputs.logsId
    packageHosts: packageHosts
    roles: roles
    grants: [
      { identity: 'flows', principalId: flows.properties.principalId, role: trains ? 'AzureML Data Scientist' : 'Perennial Endpoint Operator', why: trains ? 'trains, registers and releases to development' : 'runs endpoints of models that the registry holds' }
      { identity: 'flows', principalId: flows.properties.principalId, role: 'Monitoring Reader', why: 'reads latency, errors and utilisation' }
      { identity: 'endpoint', principalId: serving.properties.principalId, role: 'AzureML Metrics Writer (preview)', why: 'reports its metrics' }
    ]
  }
}

module cluster 'modules/cluster.bicep' = {
  name: 'cluster'
  params: {
    workspaceName: workspace.outputs.name
    location: location
    tags: all
    identityId: training.id
    size: clusterSize
    maxNodes: maxNodes
  }
}

module toBlob 'modules/private-endpoint.bicep' = {
  name: 'to-blob'
  params: {
    name: 'pe-${prefix}-${environment}-blob'
    location: location
    tags: all
    subnetId: network.outputs.endpointsSubnetId
    serviceId: storage.outputs.id
    part: 'blob'
    zoneIds: [names.outputs.blob]
  }
}

module toFile 'modules/private-endpoint.bicep' = {
  name: 'to-file'
  params: {
    name: 'pe-${prefix}-${environment}-file'
    location: location
    tags: all
    subnetId: network.outputs.endpointsSubnetId
    serviceId: storage.outputs.id
    part: 'file'
    zoneIds: [names.outputs.file]
  }
}

module toQueue 'modules/private-endpoint.bicep' = {
  name: 'to-queue'
  params: {
    name: 'pe-${prefix}-${environment}-queue'
    location: location
    tags: all
    subnetId: network.outputs.endpointsSubnetId
    serviceId: storage.outputs.id
    part: 'queue'
    zoneIds: [names.outputs.queue]
  }
}

module toVault 'modules/private-endpoint.bicep' = {
  name: 'to-vault'
  params: {
    name: 'pe-${prefix}-${environment}-vault'
    location: location
    tags: all
    subnetId: network.outputs.endpointsSubnetId
    serviceId: vault.outputs.id
    part: 'vault'
    zoneIds: [names.outputs.vault]
  }
}

module toImages 'modules/private-endpoint.bicep' = {
  name: 'to-images'
  params: {
    name: 'pe-${prefix}-${environment}-images'
    location: location
    tags: all
    subnetId: network.outputs.endpointsSubnetId
    serviceId: images.outputs.id
    part: 'registry'
    zoneIds: [names.outputs.images]
  }
}

module toWorkspace 'modules/private-endpoint.bicep' = {
  name: 'to-workspace'
  params: {
    name: 'pe-${prefix}-${environment}-workspace'
    location: location
    tags: all
    subnetId: network.outputs.endpointsSubnetId
    serviceId: workspace.outputs.id
    part: 'amlworkspace'
    zoneIds: [names.outputs.workspace, names.outputs.notebooks]
  }
}

module toRegistry 'modules/private-endpoint.bicep' = {
  name: 'to-registry'
  params: {
    name: 'pe-${prefix}-${environment}-registry'
    location: location
    tags: all
    subnetId: network.outputs.endpointsSubnetId
    serviceId: registryId
    part: 'amlregistry'
    zoneIds: [names.outputs.workspace]
  }
}

module flowsAccess 'modules/flows-access.bicep' = {
  name: 'flows-access'
  params: {
    workerPrincipalId: worker.properties.principalId
    flowsPrincipalId: flows.properties.principalId
    flowsIdentityName: flows.name
    endpointIdentityName: serving.name
    networkName: network.outputs.name
  }
}

module events 'modules/events.bicep' = {
  name: 'events'
  params: {
    prefix: prefix
    environment: environment
    location: location
    tags: all
    storageName: storage.outputs.name
    workspaceId: workspace.outputs.id
    ownPrefixes: ownPrefixes
  }
}

module people 'modules/action-group.bicep' = {
  name: 'people'
  params: {
    prefix: prefix
    environment: environment
    tags: all
    emails: emails
  }
}

module watches 'modules/endpoint.bicep' = [for one in endpoints: {
  name: 'watch-${one.name}'
  params: {
    workspaceName: workspace.outputs.name
    endpointName: one.name
    location: location
    slots: one.slots
    tags: all
    peopleId: people.outputs.id
    maxErrorsPerMinute: maxErrorsPerMinute
    maxLatencyMs: maxLatencyMs
    minInstances: minInstances
    maxInstances: maxInstances
  }
}]

module budget 'modules/budget.bicep' = {
  name: 'budget'
  params: {
    prefix: prefix
    environment: environment
    amount: monthlyBudget
    start: budgetStart
    peopleId: people.outputs.id
    emails: emails
  }
}

output environment string = environment
output location string = location
output subscriptionId string = subscription().subscriptionId
output resourceGroupName string = resourceGroup().name
output workspaceName string = workspace.outputs.name
output storageName string = storage.outputs.name
output imagesServer string = images.outputs.server
output flowsIdentityId string = flows.id
output flowsClientId string = flows.properties.clientId
output flowsSubnetId string = network.outputs.flowsSubnetId
output appsSubnetId string = network.outputs.appsSubnetId
output endpointIdentityId string = serving.id
