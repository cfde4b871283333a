using 'main.bicep'

param environment = 'prod'
param trains = false
param registryId = readEnvironmentVariable('INFRA_REGISTRY_ID')
param addresses = {
  network: '10.80.8.0/22'
  endpoints: '10.80.8.0/24'
  flows: '10.80.9.0/24'
  apps: '10.80.10.0/24'
}
param replication = 'Standard_GZRS'
param minInstances = 2
param maxInstances = 6
param emails = split(readEnvironmentVariable('INFRA_EMAILS'), ',')
param monthlyBudget = 800
param budgetStart = readEnvironmentVariable('INFRA_BUDGET_START')
param tags = {
  application: 'perennial'
  'cost-center': readEnvironmentVariable('INFRA_COST_CENTER')
  owner: readEnvironmentVariable('INFRA_OWNER')
}
